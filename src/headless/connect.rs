//! `lookout connect`: how far every address can be climbed from here, as text or JSON. Changes nothing.

mod certificates;

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{Format, JSON_VERSION, columns, harmless, or_dash, write_out};
use crate::clock::now;
use crate::cluster::{Surveyor, Underway, WatchOptions, bootstrap_endpoint};
use crate::model::Moment;
use crate::model::survey::{Advice, Ladder, Reach, Survey};
use crate::ui::glyph::GlyphSet;
use crate::ui::text;

/// What takes longer is named while it lasts.
const SLOW: Duration = Duration::from_secs(1);

/// How much is said of every address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// A line each.
    Outcome,
    /// Every rung.
    Rungs,
}

/// Climbs everything, or until ctrl-c, and prints it.
pub async fn connect(options: WatchOptions, detail: Detail, format: Format) -> Result<Reach> {
    let bootstrap = options
        .bootstrap
        .iter()
        .map(|text| bootstrap_endpoint(text));
    let bootstrap = bootstrap.collect::<Result<Vec<_>, _>>();
    let bootstrap = bootstrap.map_err(anyhow::Error::msg)?;
    let (surveyor, mut seen) = Surveyor::new(options.dialer, options.client_id);
    let (mut watched, progress) = (seen.clone(), io::stderr().is_terminal());
    let finished = tokio::select! {
        () = surveyor.run(bootstrap) => true,
        () = tell(&mut watched, progress) => false,
        _ = tokio::signal::ctrl_c() => false,
    };
    let (survey, underway) = seen.borrow_and_update().clone();
    let printed = match format {
        Format::Json => harmless(&serde_json::to_string_pretty(&as_json(
            &survey,
            finished,
            now(),
        ))?),
        Format::Text => as_text(&survey, detail, now()),
    };
    write_out(printed.as_bytes())?;
    if !finished {
        let left: Vec<&str> = underway.keys().map(AsRef::as_ref).collect();
        writeln!(
            io::stderr().lock(),
            "lookout: interrupted; not finished: {}",
            left.join(", ")
        )?;
    }
    Ok(match survey.reach() {
        Reach::All if !finished => Reach::Some,
        reach => reach,
    })
}

/// Says for ever what is slow, if anybody watches.
async fn tell(seen: &mut watch::Receiver<(Survey, Underway)>, progress: bool) {
    let mut beats = tokio::time::interval(SLOW);
    loop {
        beats.tick().await;
        let underway = seen.borrow_and_update().1.clone();
        let slow = underway.iter().filter(|(_, since)| since.elapsed() >= SLOW);
        let slow: Vec<String> = slow
            .map(|(name, since)| format!("{name} ({} s)", since.elapsed().as_secs()))
            .collect();
        if progress && !slow.is_empty() {
            // Nobody may be left to read it; the climb goes on.
            let _nobody = writeln!(io::stderr().lock(), "waiting for {}", slow.join(", "));
        }
    }
}

fn as_text(survey: &Survey, detail: Detail, now: Moment) -> String {
    let mut out = match detail {
        Detail::Outcome => outcomes(survey),
        Detail::Rungs => survey
            .bootstrap
            .iter()
            .chain(&survey.brokers)
            .map(|ladder| explain(ladder, now))
            .collect(),
    };
    out.push('\n');
    out.push_str(&certificates::warnings(survey, now));
    out.push_str(&summary(survey));
    out.push_str(&advise(survey));
    let lines = out.lines();
    // Names from the network are made safe for a terminal.
    let safe = lines.map(|line| text::visible(line, GlyphSet::Unicode).into_owned() + "\n");
    safe.collect()
}

fn outcomes(survey: &Survey) -> String {
    let row = |ladder: &Ladder| {
        vec![
            ladder
                .id
                .map_or_else(|| "bootstrap".to_owned(), |id| id.to_string()),
            ladder.advertised.to_string(),
            or_dash(ladder.dialled.as_ref()),
            outcome(ladder),
        ]
    };
    let ladders = survey.bootstrap.iter().chain(&survey.brokers);
    columns(
        &["BROKER", "ADVERTISED", "DIALLED", "OUTCOME"],
        ladders.map(row),
    )
}

fn outcome(ladder: &Ladder) -> String {
    let took: u64 = ladder.rungs.iter().map(|(_, span)| span.ms).sum();
    let fenced = if ladder.fenced { "fenced; " } else { "" };
    match &ladder.failure {
        None => format!("{fenced}reached in {took}ms"),
        Some(failure) => format!("{fenced}{} failed: {}", failure.rung.name(), failure.text),
    }
}

/// A paragraph on one address.
fn explain(ladder: &Ladder, now: Moment) -> String {
    let mut out = match ladder.id {
        Some(id) => format!("broker {id}  {}", ladder.advertised),
        None => format!("bootstrap  {}", ladder.advertised),
    };
    if ladder.fenced {
        out.push_str("  (fenced: the controller keeps it out)");
    }
    out.push('\n');
    let mut line = |label: &str, words: &str| {
        // Writing to a string cannot fail.
        let _written = writeln!(out, "  {label:<12}{words}");
    };
    let by = match &ladder.rule {
        Some(rule) => format!(" by the rule `{rule}`"),
        None => " as advertised".to_owned(),
    };
    if let Some(dialled) = &ladder.dialled {
        let by = if ladder.id.is_none() && ladder.rule.is_none() {
            String::new()
        } else {
            by
        };
        line("dialled", &format!("{dialled}{by}"));
    }
    let rungs = ladder.rungs.iter();
    let rungs: Vec<String> = rungs
        .map(|(rung, span)| format!("{} {}ms", rung.name(), span.ms))
        .collect();
    if !rungs.is_empty() {
        line("rungs", &rungs.join(" · "));
    }
    if let Some(encryption) = &ladder.encryption {
        for (label, words) in certificates::explain(encryption, now) {
            line(&label, &words);
        }
    }
    if let Some(failure) = &ladder.failure {
        line(
            "FAILED",
            &format!("{}: {}", failure.rung.name(), failure.text),
        );
    }
    if let Some(said) = answers(ladder) {
        line("answers", &said);
    }
    out
}

fn answers(ladder: &Ladder) -> Option<String> {
    let id = ladder.answered.map(|id| format!("broker {id}"));
    let cluster = ladder.cluster_id.as_ref().map(|id| format!("cluster {id}"));
    let software = ladder.software.as_deref().map(str::to_owned);
    let said: Vec<String> = [id, software, cluster].into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join(" · "))
}

fn summary(survey: &Survey) -> String {
    let counted = survey.brokers.iter().filter(|ladder| !ladder.fenced);
    let (reached, lost): (Vec<&Ladder>, Vec<&Ladder>) =
        counted.partition(|ladder| ladder.reached());
    let total = reached.len() + lost.len();
    match survey.reach() {
        Reach::All => format!("all {total} brokers are reached\n"),
        Reach::Some => format!("{} of {total} brokers are reached\n", reached.len()),
        Reach::None if survey.bootstrap.iter().any(Ladder::reached) => {
            "a bootstrap address answers, and names no broker\n".to_owned()
        }
        Reach::None => "no bootstrap address answers\n".to_owned(),
    }
}

/// What to paste, where that helps.
fn advise(survey: &Survey) -> String {
    if survey.advice.is_empty() {
        return String::new();
    }
    let mut out = "\nThe bootstrap address answers, and advertised addresses lead nowhere. Put this into the profile:\n\n  \
        dial.map = [\n"
        .to_owned();
    for advice in &survey.advice {
        // Writing to a string cannot fail.
        let _written = match advice {
            Advice::Tried { id, rule } => {
                writeln!(out, "    \"{rule}\",  # tried: broker {id} answers")
            }
            Advice::Open { id, rule } => writeln!(
                out,
                "    # broker {id}: nothing that was tried leads to it; forward it, and write where:\n    # \"{rule}\","
            ),
        };
    }
    out.push_str("  ]\n");
    let open = |advice: &Advice| matches!(advice, Advice::Open { .. });
    if survey.advice.iter().any(open) {
        out.push_str(
            "\nor go through a host or proxy that reaches them:\n\n  \
             dial.via = \"ssh://JUMP\"  # or socks5h://HOST:PORT, http://HOST:PORT\n",
        );
    }
    out
}

fn as_json(survey: &Survey, finished: bool, now: Moment) -> Value {
    let ladders = |of: &[Ladder]| -> Vec<Value> {
        of.iter().map(|ladder| ladder_json(ladder, now)).collect()
    };
    let reach = match survey.reach() {
        Reach::All if finished => "all",
        Reach::All | Reach::Some => "some",
        Reach::None => "none",
    };
    let advice = survey.advice.iter().map(|advice| {
        let (id, rule, tried) = match advice {
            Advice::Tried { id, rule } => (id, rule, true),
            Advice::Open { id, rule } => (id, rule, false),
        };
        json!({ "broker": id.0, "rule": &**rule, "tried": tried })
    });
    json!({
        "version": JSON_VERSION,
        "finished": finished,
        "reach": reach,
        "bootstrap": ladders(&survey.bootstrap),
        "brokers": ladders(&survey.brokers),
        "advice": advice.collect::<Vec<_>>(),
    })
}

fn ladder_json(ladder: &Ladder, now: Moment) -> Value {
    let rung = |(rung, span): &(crate::model::Rung, crate::model::Span)| json!({ "rung": rung.name(), "ms": span.ms });
    json!({
        "id": ladder.id.map(|id| id.0),
        "advertised": ladder.advertised.to_string(),
        "dialled": ladder.dialled.as_deref(),
        "rule": ladder.rule.as_deref(),
        "fenced": ladder.fenced,
        "reached": ladder.reached(),
        "rungs": ladder.rungs.iter().map(rung).collect::<Vec<_>>(),
        "failure": ladder.failure.as_ref().map(|failure| json!({
            "rung": failure.rung.name(),
            "text": &*failure.text,
            "refused": failure.refused,
        })),
        "answered_by": ladder.answered.map(|id| id.0),
        "cluster_id": ladder.cluster_id.as_deref(),
        "software": ladder.software.as_deref(),
        "tls": ladder.encryption.as_ref().map(|encryption| certificates::json(encryption, now)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::survey::{Agreed, Anchor, Certificate, Encryption};
    use crate::model::{BrokerId, Endpoint, ProbeFailure, Rung, Span};

    const NOW: Moment = Moment::from_unix_ms(1_773_446_400_000); // 2026-03-14
    const DAY_MS: i64 = 86_400_000;

    fn certificate(subject: &str, (from, until): (i64, i64)) -> Certificate {
        let at = |day: i64| Moment::from_unix_ms(NOW.unix_ms + day * DAY_MS);
        Certificate {
            subject: subject.into(),
            issuer: "CN=Paper CA".into(),
            names: vec!["kafka.example".into(), "10.1.2.3".into()],
            not_before: at(from),
            not_after: at(until),
        }
    }

    fn ladder(id: i32, chain: Vec<Certificate>, anchor: Anchor) -> Ladder {
        let refused = anchor == Anchor::Nobody;
        let advertised = Endpoint {
            host: format!("kafka-{id}").into(),
            port: 9093,
        };
        let failure = ProbeFailure {
            rung: Rung::Tls,
            text: "not good enough".into(),
            refused,
        };
        Ladder {
            dialled: Some("10.1.2.3:9093".into()),
            rungs: vec![(Rung::Dns, Span::from_ms(1)), (Rung::Tls, Span::from_ms(3))],
            failure: refused.then_some(failure),
            encryption: Some(Encryption {
                agreed: (!refused).then(|| Agreed {
                    version: "TLSv1.3".into(),
                    cipher: "TLS13_AES_256_GCM_SHA384".into(),
                }),
                chain,
                anchor,
            }),
            ..Ladder::to(Some(BrokerId(id)), advertised)
        }
    }

    fn survey() -> Survey {
        let named = || Anchor::Named("CN=Paper CA".into());
        let mut nameless = certificate("CN=kafka-4", (-1, 90));
        nameless.names.clear();
        let authority = certificate("CN=Paper CA", (-900, 20));
        Survey {
            brokers: vec![
                ladder(1, vec![certificate("CN=kafka-1", (-10, 300))], named()),
                ladder(2, vec![certificate("CN=kafka-2", (-10, 30))], named()),
                ladder(
                    3,
                    vec![certificate("CN=kafka-3", (-90, -1))],
                    Anchor::Nobody,
                ),
                ladder(
                    4,
                    vec![nameless, authority],
                    Anchor::System("CN=Root".into()),
                ),
                ladder(
                    5,
                    vec![certificate("CN=kafka-5", (2, 90))],
                    Anchor::Unchecked,
                ),
                ladder(6, vec![certificate("CN=kafka-6", (-1, 31))], Anchor::Itself),
            ],
            ..Survey::default()
        }
    }

    #[test]
    fn certificates_are_explained_with_their_days_and_what_ends_soon_is_a_warning() {
        insta::assert_snapshot!(as_text(&survey(), Detail::Rungs, NOW));
        let outcomes = as_text(&survey(), Detail::Outcome, NOW);
        let warnings: Vec<&str> = outcomes
            .lines()
            .filter(|line| line.starts_with("WARN"))
            .collect();
        assert_eq!(
            warnings,
            [
                "WARN broker 2 (kafka-2:9093): the certificate CN=kafka-2 ends in 30 days; have it issued anew",
                "WARN broker 4 (kafka-4:9093): the certificate CN=Paper CA ends in 20 days; have it issued anew",
            ]
        );
    }

    #[test]
    fn certificates_are_in_the_json_too() {
        let json = as_json(&survey(), true, NOW);
        let tls: Vec<&Value> = json["brokers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["tls"])
            .collect();
        insta::assert_snapshot!(serde_json::to_string_pretty(&tls[2..5]).unwrap());
    }
}
