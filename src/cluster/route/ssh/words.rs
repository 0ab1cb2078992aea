//! What ssh says on its standard error: whether it has arrived, and why it ended. Pure; keeps the last lines only.

use std::collections::VecDeque;

use super::super::{behind, failed};
use crate::cluster::error::DialError;
use crate::model::Endpoint;

/// Lines that are kept; ssh gives its reason in one or two.
const LINES: usize = 4;
/// Longest line that is kept, in bytes.
const LINE_BYTES: usize = 400;

/// What `-v` adds, and what is no reason.
const CHATTER: [&str; 7] = [
    "debug",
    "OpenSSH_",
    "Authenticated to ",
    "Transferred: ",
    "Bytes per second: ",
    "Warning: Permanently added ",
    "Pseudo-terminal ",
];
/// The jump host has let us in, or a connection to it that is there already will be used.
const ARRIVALS: [&str; 2] = [
    "Authenticated to ",
    "debug1: mux_client_request_stdio_fwd: master session id",
];

/// Whether anything changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Nothing,
    Arrived,
}

impl Said {
    /// What both together say.
    fn or(self, other: Self) -> Self {
        match self {
            Self::Nothing => other,
            Self::Arrived => Self::Arrived,
        }
    }
}

/// The lines so far.
#[derive(Debug, Default)]
pub(super) struct Words {
    reasons: VecDeque<String>,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
}

impl Words {
    /// Takes bytes in.
    pub(super) fn hear(&mut self, bytes: &[u8]) -> Said {
        let mut said = Said::Nothing;
        for byte in bytes {
            if *byte == b'\n' {
                let line = std::mem::take(&mut self.line);
                said = said.or(self.take(&String::from_utf8_lossy(&line)));
            } else if self.line.len() < LINE_BYTES {
                self.line.push(*byte);
            }
        }
        said
    }

    fn take(&mut self, line: &str) -> Said {
        let line = line.trim();
        if ARRIVALS.iter().any(|arrival| line.starts_with(arrival)) {
            return Said::Arrived;
        }
        if !line.is_empty() && !CHATTER.iter().any(|chatter| line.starts_with(chatter)) {
            if self.reasons.len() == LINES {
                self.reasons.pop_front();
            }
            self.reasons.push_back(line.to_owned());
        }
        Said::Nothing
    }

    /// Why it ended.
    pub(super) fn error(&self, name: &str, target: &Endpoint) -> DialError {
        let last = String::from_utf8_lossy(&self.line);
        let lines = self.reasons.iter().map(String::as_str).chain([last.trim()]);
        let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        let said = lines.join("; ");
        let has = |words: &str| said.contains(words);
        if has("open failed: connect failed") {
            let refused = has("Connection refused");
            let why = format!("it says: {said}");
            return behind(name, target, &why, refused);
        }
        let advice = if has("open failed: administratively prohibited") {
            "the jump host does not allow forwarding (AllowTcpForwarding, PermitOpen)"
        } else if has("Permission denied") {
            "ssh asks for nothing here: load the key into an agent, or log in once with a ControlMaster"
        } else if has("Host key verification failed") {
            "log in once by hand to accept the jump host's key"
        } else {
            "try `ssh` to it by hand, and check dial.via"
        };
        if said.is_empty() {
            return failed(
                name,
                target,
                &format!("ssh ended without a reason; {advice}"),
            );
        }
        failed(name, target, &format!("ssh says: {said}; {advice}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Rung;

    fn target() -> Endpoint {
        Endpoint {
            host: "kafka-3".into(),
            port: 9092,
        }
    }

    fn heard(text: &str) -> (Said, DialError) {
        let mut words = Words::default();
        let said = words.hear(text.as_bytes());
        (said, words.error("ssh jump", &target()))
    }

    #[test]
    fn arrival_is_told_from_chatter() {
        let greeting = "OpenSSH_9.2p1\r\ndebug1: Connecting to jump\r\n";
        assert_eq!(heard(greeting).0, Said::Nothing);
        let arrived = "Authenticated to jump ([10.0.0.1]:22) using \"publickey\".\r\n";
        assert_eq!(heard(arrived).0, Said::Arrived);
        let absent = "debug1: auto-mux: Trying existing master at '/tmp/m'\r\ndebug1: Control socket \"/tmp/m\" does not exist\r\n";
        assert_eq!(heard(absent).0, Said::Nothing);
        let master = "debug1: mux_client_request_stdio_fwd: master session id: 2\r\n";
        assert_eq!(heard(master).0, Said::Arrived);
    }

    #[test]
    fn the_reason_is_what_is_left_without_the_chatter() {
        let (_, error) = heard(
            "debug1: Requesting\r\nchannel 0: open failed: connect failed: Connection refused\r\nstdio forwarding failed\r\n",
        );
        assert_eq!((error.rung, error.refused), (Rung::Tcp, true));
        assert_eq!(
            &*error.text,
            "ssh jump cannot reach kafka-3:9092: it says: channel 0: open failed: connect failed: Connection refused; stdio forwarding failed"
        );
        let (_, error) = heard("ops@jump: Permission denied (publickey).\n");
        assert_eq!((error.rung, error.refused), (Rung::Route, false));
        assert!(
            error.text.contains("load the key into an agent"),
            "{}",
            error.text
        );
        assert!(heard("").1.text.contains("without a reason"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_heard_and_little_is_kept(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
            let mut words = Words::default();
            words.hear(&bytes);
            let error = words.error("ssh jump", &target());
            prop_assert!(!error.text.contains(char::is_control));
            prop_assert!(error.text.len() < 3 * (LINES + 2) * LINE_BYTES);
        }
    }
}
