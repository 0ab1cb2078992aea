//! What a quorum does with a directory that is not as it left it.

use std::fs;

use super::house::{House, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_of_a_later_version_is_refused_untouched() {
    for file in ["quorum-state", "log"] {
        let mut house = House::started(1).await;
        house.set(1, 1).await;
        house.kill(1).await;
        let path = house.directory(1).join(file);
        let later = match file {
            "log" => {
                let content = br#"{"format":99}"#;
                let mut frame = vec![0, 0, 0, u8::try_from(content.len()).unwrap()];
                frame.extend(crc_fast::crc32_iscsi(content).to_be_bytes());
                frame.extend(content);
                frame
            }
            _ => br#"{"format":99,"vote":"of another form"}"#.to_vec(),
        };
        fs::write(&path, &later).unwrap();
        let refused = house.try_start(1).await.unwrap_err().to_string();
        assert!(refused.contains("format 99"), "{refused}");
        assert_eq!(fs::read(&path).unwrap(), later);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_of_other_voters_is_refused() {
    let mut house = House::started(1).await;
    house.set(1, 1).await;
    house.kill(1).await;
    let mut second = house.voters.first().unwrap().clone();
    second.node = 2;
    house.voters.push(second);
    let refused = house.try_start(1).await.unwrap_err().to_string();
    assert!(
        refused.contains("[1]") && refused.contains("[1, 2]"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_lost_one_of_its_files_is_refused() {
    for (gone, told) in [
        ("quorum-state", "quorum-state is damaged: it is missing"),
        ("log", "log is damaged: it is missing"),
        (".checkpoint", "the snapshot with the entries before it"),
    ] {
        let mut house = House::new(1).await;
        house.snapshot_every = 10;
        house.start(1).await;
        let log = house.directory(1).join("log");
        until("the log begins after a snapshot", || async {
            house.set(1, 1).await;
            let text = fs::read(&log).ok()?;
            let head = String::from_utf8_lossy(text.get(..200)?).into_owned();
            head.contains("\"purged\":{").then_some(())
        })
        .await;
        house.kill(1).await;
        for file in fs::read_dir(house.directory(1)).unwrap() {
            let path = file.unwrap().path();
            if path.to_string_lossy().ends_with(gone) {
                fs::remove_file(path).unwrap();
            }
        }
        let refused = house.try_start(1).await.unwrap_err().to_string();
        assert!(refused.contains(told), "{refused}");
    }
}
