use crate::support::scene::snapshot;

#[test]
fn every_scene_is_judged() {
    for name in [
        "empty",
        "healthy",
        "two_of_five_down",
        "hanging_broker",
        "stale",
        "no_contact",
        "quorum_lost",
        "not_permitted",
        "hostile_names",
    ] {
        let snapshot = snapshot(name);
        println!("== {name} {:?}", snapshot.totals);
        for f in snapshot.findings.iter() {
            println!(
                "{} {} {}   | {} | {} | {:?}",
                f.rule.id(),
                f.severity.word(),
                f.text.escape_debug(),
                f.note.escape_debug(),
                f.next,
                f.since
            );
        }
    }
}
