//! Lookout on a real Apache Kafka, in a terminal: what an operator sees while brokers die, freeze and come back.
//! What the screen says is compared with Kafka's own tools. Needs the cluster that `tests/interop/run` starts.

#[cfg(test)]
mod cluster;
#[cfg(test)]
mod cuts;
#[cfg(test)]
mod moves;
#[cfg(test)]
#[expect(
    dead_code,
    reason = "the tests in tests/it share this file and use other parts of it"
)]
#[path = "../it/support/pty.rs"]
mod pty;
#[cfg(test)]
mod quotas;
#[cfg(test)]
mod screen;
#[cfg(test)]
mod tools;
#[cfg(test)]
mod tunnels;

#[cfg(test)]
mod stories {
    use std::time::Duration;

    use serde_json::Value;

    use super::cluster::{Cluster, Faults};
    use super::pty::{ENTER, ESC, find, rows};
    use super::screen::{Operator, has_words, is_up, strip, told};

    /// A cluster of JVMs needs this long at worst to notice, restart and catch up on a busy machine.
    const CLUSTER: Duration = Duration::from_mins(3);

    #[test]
    fn a_healthy_cluster_is_shown_as_kafkas_own_tools_describe_it() {
        let cluster = Cluster::healed();
        let mut lookout = Operator::sits_down(&cluster);
        lookout.sees("brokers 5/5");
        lookout.sees("quorum 3/3");
        for id in 1..=5 {
            lookout
                .pty
                .wait_until(&format!("broker {id} up"), |screen| is_up(screen, id));
        }

        lookout.goes_to("topics");
        lookout.sees_words(&["orders", "12", "3"]);
        lookout.sees_words(&["payments", "6", "3"]);
        lookout.sees_words(&["audit", "3", "1"]);

        lookout.goes_to("topic orders");
        for partition in cluster.topic("orders") {
            let mut words = vec![
                partition.index.to_string(),
                partition.replicas[0].to_string(),
            ];
            words.extend((1..=5).map(
                |id| match partition.replicas.iter().position(|r| *r == id) {
                    Some(0) => "L".to_owned(),
                    Some(_) => "F".to_owned(),
                    None => "·".to_owned(),
                },
            ));
            words.push("3/3".to_owned());
            lookout.sees_words(&words);
        }
    }

    #[test]
    fn the_lag_of_a_group_is_what_kafkas_own_tool_says() {
        let cluster = Cluster::healed();
        let mut lookout = Operator::sits_down(&cluster);
        let positions = cluster.group("billing");
        assert_eq!(
            positions.len(),
            12,
            "the demo's group reads twelve partitions"
        );
        let total: u64 = positions.iter().map(|position| position.lag).sum();
        assert!(total > 0, "the demo's group lags");

        lookout.goes_to("groups");
        lookout.sees("billing");
        lookout.goes_to("group billing");
        for position in positions {
            let numbers = [
                u64::from(position.partition),
                position.committed,
                position.end,
                position.lag,
            ];
            let mut words = vec![position.topic];
            words.extend(numbers.iter().map(u64::to_string));
            words.push(position.client);
            lookout.sees_words(&words);
        }

        let groups = told(&cluster, "groups");
        assert_eq!(by_id(&groups["groups"], "billing")["lag"], total);
        assert_eq!(by_id(&groups["groups"], "search")["lag"], 2400);
        assert_eq!(by_id(&groups["groups"], "shipping")["lag"], 0);
        let groups = groups["groups"].as_array().expect("a list");
        assert_eq!(
            groups.iter().any(|group| group["id"] == "refunds"),
            !cluster.is_bundled(),
            "share groups are listed where there are any"
        );
    }

    #[test]
    fn two_killed_brokers_are_named_with_what_they_cost_and_come_back() {
        let cluster = Cluster::healed();
        let mut lookout = Operator::sits_down(&cluster);
        lookout.sees("brokers 5/5");

        cluster.kill(&[4, 5]);
        lookout.sees("brokers 3/5");
        lookout.sees("2 of 5 brokers are DOWN: 4 (");
        lookout
            .pty
            .wait_until("both brokers in the strip, with since", |screen| {
                let strip = strip(screen);
                let since = |id| {
                    strip
                        .split_once(id)
                        .is_some_and(|(_, after)| after.contains("down "))
                };
                since("✗4") && since("✗5")
            });

        let unavailable = await_unavailable(&cluster, 2);
        let under = cluster.faults(Faults::UnderReplicated);
        assert!(
            under > unavailable,
            "replicas of three topics are on brokers 4 and 5"
        );
        lookout.sees(&format!("offline {unavailable}"));
        lookout.sees(&format!("under-rep {under}"));
        lookout.goes_to("topics");
        lookout.sees("brokers 3/5");
        lookout.sees_words(&["audit", "3", "1"]);

        let brokers = told(&cluster, "brokers");
        for id in [4, 5] {
            let broker = by_id(&brokers["brokers"], id);
            assert_eq!(broker["verdict"], "down", "{broker}");
            assert!(broker["since_unix_ms"].is_number(), "{broker}");
        }
        let topics = told(&cluster, "topics");
        assert_eq!(sum(&topics["topics"], "no_leader"), unavailable);
        assert_eq!(sum(&topics["topics"], "under_replicated"), under);

        cluster.start(&[4, 5]);
        lookout.goes_to("overview");
        lookout.pty.wait_within(
            CLUSTER,
            "all brokers back and nothing left of it",
            |screen| {
                find(screen, "brokers 5/5").is_some()
                    && find(screen, "DOWN").is_none()
                    && find(screen, "under-rep").is_none()
                    && !strip(screen).contains('✗')
            },
        );
    }

    #[test]
    fn a_frozen_broker_ages_and_no_key_waits_for_it() {
        let cluster = Cluster::healed();
        let leader = cluster.quorum_leader();
        let frozen = [1, 2, 3]
            .into_iter()
            .find(|id| *id != leader)
            .expect("a voter");
        let mut lookout = Operator::sits_down(&cluster);
        lookout.sees("brokers 5/5");
        lookout.goes_to("groups");
        lookout.sees("billing");

        cluster.pause(&[frozen]);
        lookout.goes_to("topics");
        lookout.goes_to("group billing");
        lookout.presses(ESC);
        lookout.is_at("topics");
        lookout.presses("?");
        lookout.sees("Keys here");
        lookout.presses(ESC);
        lookout.sees_gone("Keys here");

        lookout.goes_to("brokers");
        lookout.sees("brokers 4/5");
        lookout.sees("4 of 5 answered");
        let address = cluster.address(frozen);
        lookout.pty.wait_until(
            "an age instead of a round trip, on that row alone",
            |screen| {
                let aged = |row: &&String| row.split_whitespace().next_back().is_some_and(is_age);
                let rows = rows(screen);
                let aged: Vec<_> = rows.iter().skip(2).filter(aged).collect();
                aged.len() == 1 && aged[0].contains(&address)
            },
        );
        assert!(!is_up(lookout.pty.screen(), frozen));

        cluster.resume(&[frozen]);
        lookout
            .pty
            .wait_within(CLUSTER, "the thawed broker up again", |screen| {
                find(screen, "brokers 5/5").is_some() && is_up(screen, frozen)
            });
    }

    #[test]
    fn a_lost_quorum_is_a_finding_and_the_screen_stays_alive() {
        let cluster = Cluster::healed();
        let leader = cluster.quorum_leader();
        let mut dead: Vec<u32> = [1, 2, 3]
            .into_iter()
            .filter(|id| *id != leader)
            .take(1)
            .collect();
        dead.push(leader);
        let mut lookout = Operator::sits_down(&cluster);
        lookout.sees("quorum 3/3");

        cluster.kill(&dead);
        lookout
            .pty
            .wait_within(CLUSTER, "a critical finding about the quorum", |screen| {
                rows(screen)
                    .iter()
                    .any(|row| row.contains("CRIT") && row.contains("quorum"))
            });
        for id in &dead {
            lookout
                .pty
                .wait_until(&format!("broker {id} not shown as up"), |screen| {
                    !is_up(screen, *id)
                });
        }
        lookout.goes_to("topics");
        lookout.sees("orders");
        lookout.goes_to("quorum");
        lookout.goes_to("overview");

        cluster.start(&dead);
        lookout
            .pty
            .wait_within(CLUSTER, "the quorum back", |screen| {
                find(screen, "quorum 3/3").is_some() && find(screen, "brokers 5/5").is_some()
            });
    }

    #[test]
    fn without_contact_the_last_state_stays_greyed_with_its_age_and_the_terminal_is_restored() {
        let cluster = Cluster::healed();
        let mut lookout = Operator::sits_down(&cluster);
        lookout.sees("brokers 5/5");
        lookout.goes_to("topics");
        lookout.sees("orders");
        let alive = look_of(&lookout, "orders");

        cluster.kill(&[1, 2, 3, 4, 5]);
        lookout.sees("no contact");
        lookout.sees("brokers ?");
        lookout.sees("orders");
        let stale = look_of(&lookout, "orders");
        assert_ne!(alive, stale, "the last known topics are greyed");
        lookout.presses(&format!("/ord{ENTER}"));
        lookout.sees_gone("payments");
        lookout.goes_to("overview");
        lookout.pty.wait_until("an age in the overview", |screen| {
            rows(screen)
                .iter()
                .any(|row| row.contains("last") || row.contains(" ago"))
        });

        let said = lookout.headless("brokers");
        assert_eq!(
            said.status.code(),
            Some(3),
            "no contact has an exit code of its own"
        );
        let words = String::from_utf8_lossy(&said.stderr);
        assert!(words.contains("no broker"), "{words}");

        lookout.leaves();
    }

    /// Waits until Kafka itself counts `count` partitions without a leader.
    fn await_unavailable(cluster: &Cluster, count: usize) -> usize {
        let deadline = std::time::Instant::now() + CLUSTER;
        loop {
            let unavailable = cluster.faults(Faults::Unavailable);
            if unavailable >= count {
                return unavailable;
            }
            assert!(
                std::time::Instant::now() < deadline,
                "{unavailable} partitions unavailable"
            );
        }
    }

    /// `12s`, `4m`, `(2h)`: how old something is.
    fn is_age(word: &str) -> bool {
        let word = word.trim_matches(['(', ')']);
        let digits = word.trim_end_matches(['s', 'm', 'h']);
        word.len() == digits.len() + 1 && !digits.is_empty() && digits.parse::<u32>().is_ok()
    }

    fn look_of(lookout: &Operator, text: &str) -> (vt100::Color, bool) {
        let cell = lookout.pty.cell_of(text);
        (cell.fgcolor(), cell.dim())
    }

    fn by_id(rows: &Value, id: impl Into<Value>) -> Value {
        let id = id.into();
        let found = rows
            .as_array()
            .and_then(|rows| rows.iter().find(|row| row["id"] == id));
        found
            .unwrap_or_else(|| panic!("no {id} in {rows:#}"))
            .clone()
    }

    fn sum(rows: &Value, field: &str) -> usize {
        let counts = rows
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|row| row[field].as_u64());
        usize::try_from(counts.sum::<u64>()).expect("a small number")
    }

    #[test]
    fn words_are_found_in_order_and_side_by_side_only() {
        assert!(has_words("● orders   12  3", &["orders", "12", "3"]));
        assert!(!has_words("orders 12 9 3", &["orders", "12", "3"]));
        assert!(!has_words("orders-2 12 3", &["orders", "12", "3"]));
    }
}
