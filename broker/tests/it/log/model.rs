//! Appending, reading, truncating and reopening against a vector of values.

use proptest::prelude::*;

use super::place::{Place, batch, read_all};

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<u16>),
    Truncate(usize),
    Reopen { clean: bool },
    MoveStart(usize),
    Read { from: usize, max_bytes: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => proptest::collection::vec(any::<u16>(), 1..8).prop_map(Step::Append),
        1 => any::<usize>().prop_map(Step::Truncate),
        1 => any::<bool>().prop_map(|clean| Step::Reopen { clean }),
        1 => any::<usize>().prop_map(Step::MoveStart),
        3 => (any::<usize>(), 1..2000_usize)
            .prop_map(|(from, max_bytes)| Step::Read { from, max_bytes }),
    ];
    proptest::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_log_behaves_as_a_vector_of_its_values(steps in steps()) {
        let mut place = Place::new();
        place.settings.segment_bytes = 900;
        place.settings.index_interval_bytes = 150;
        let mut log = place.open();
        let mut model: Vec<Option<String>> = Vec::new();
        let mut batches: Vec<usize> = Vec::new();
        let mut start = 0;
        for step in steps {
            match step {
                Step::Append(values) => {
                    let values: Vec<String> = values.iter().map(u16::to_string).collect();
                    let names: Vec<&str> = values.iter().map(String::as_str).collect();
                    let appended = log.append_as_leader(&batch(&names), 3, 0).unwrap_err();
                    // Time 0 is far from the batch's: the topic refuses it and nothing changes.
                    prop_assert!(appended.to_string().contains("timestamp"));
                    let appended = log
                        .append_as_leader(&batch(&names), 3, super::place::NOW_MS)
                        .unwrap();
                    prop_assert_eq!(appended.base_offset, i64::try_from(model.len()).unwrap());
                    batches.push(model.len());
                    model.extend(values.into_iter().map(Some));
                }
                Step::Truncate(at) => {
                    if model.len() == start { continue; }
                    let at = start + at % (model.len() - start);
                    log.truncate_to(i64::try_from(at).unwrap()).unwrap();
                    // A batch goes as a whole.
                    let base = *batches.iter().rev().find(|base| **base <= at).unwrap();
                    model.truncate(base);
                    batches.retain(|batch| *batch < base);
                    start = start.min(base);
                }
                Step::Reopen { clean } => {
                    let from = if clean { log.close().unwrap(); 0 } else { drop(log); 0 };
                    let (reopened, recovery) =
                        place.try_open(clean, from, i64::try_from(start).unwrap()).unwrap();
                    prop_assert_eq!(recovery.bytes_cut, 0, "{:?}", recovery);
                    if clean { prop_assert_eq!(recovery.segments_read, 0, "{:?}", recovery); }
                    log = reopened;
                }
                Step::MoveStart(to) => {
                    let to = start + to % (model.len() - start + 1);
                    log.move_log_start(i64::try_from(to).unwrap()).unwrap();
                    log.retain(log.log_end_offset(), super::place::NOW_MS).unwrap();
                    start = to;
                }
                Step::Read { from, max_bytes } => {
                    let from = start + from % (model.len() - start + 1);
                    let expected: Vec<_> = model.iter().enumerate().skip(from)
                        .map(|(at, value)| (i64::try_from(at).unwrap(), value.clone().unwrap()))
                        .collect();
                    prop_assert_eq!(read_all(&log, i64::try_from(from).unwrap(), max_bytes), expected);
                }
            }
            prop_assert_eq!(log.log_end_offset(), i64::try_from(model.len()).unwrap());
            prop_assert_eq!(log.log_start_offset(), i64::try_from(start).unwrap());
        }
    }
}
