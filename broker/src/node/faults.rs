//! The fault file: what it says holds as long as it says it. Reads; never writes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::fault::{Faults, Plan};

/// How often the file is looked at.
const EVERY: Duration = Duration::from_millis(100);

/// The largest file that is read.
const MAX_BYTES: u64 = 64 << 10;

/// What tells one state of the file from the next.
type Seen = Option<(SystemTime, u64)>;

/// Takes in what the file says now: faults hold from the start.
pub fn read(file: &Path, dirs: &[PathBuf], faults: &Faults) {
    match look(file, None) {
        Ok(Some((_, text))) => apply(file, &text, dirs, faults),
        Ok(None) => {}
        Err(error) => log::warn!("{}: {error}", file.display()),
    }
}

/// Follows the file as long as the task lives. A file that is gone heals everything.
pub async fn follow(file: PathBuf, dirs: Vec<PathBuf>, faults: Faults) {
    let mut seen: Seen = None;
    let mut trouble = String::new();
    loop {
        let path = file.clone();
        let looked = spawn_blocking(move || look(&path, seen)).await;
        match looked.map_err(io::Error::other).flatten() {
            Ok(Some((now, text))) => {
                seen = now;
                trouble.clear();
                apply(&file, &text, &dirs, &faults);
            }
            Ok(None) => {}
            // Said once, not ten times a second.
            Err(error) if trouble == error.to_string() => {}
            Err(error) => {
                trouble = error.to_string();
                log::warn!("{}: {error}", file.display());
            }
        }
        sleep(EVERY).await;
    }
}

/// The file's text, if it changed. Its size and time are read before the text, so that a change
/// between the two is seen the next time.
fn look(file: &Path, seen: Seen) -> io::Result<Option<(Seen, String)>> {
    let now = match fs::metadata(file) {
        Ok(meta) => Some((meta.modified()?, meta.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if now == seen {
        return Ok(None);
    }
    match now {
        None => Ok(Some((now, String::new()))),
        Some((_, length)) if length > MAX_BYTES => Err(io::ErrorKind::FileTooLarge.into()),
        Some(_) => Ok(Some((now, fs::read_to_string(file)?))),
    }
}

fn apply(file: &Path, text: &str, dirs: &[PathBuf], faults: &Faults) {
    let (plan, unknown) = Plan::parse(text, dirs);
    for line in unknown {
        log::warn!(
            "{}: `{line}` is no fault, the line is left out",
            file.display()
        );
    }
    if plan != *faults.plan() {
        log::warn!("faults on purpose: {plan:?}");
        faults.set(plan);
    }
}
