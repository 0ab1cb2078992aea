//! Asking several brokers at once without waiting for the slowest for ever. Knows nothing of what is asked.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

/// How long stragglers may take after the answer before theirs. Where answers take longer than this altogether,
/// stragglers get as long again as the others needed.
const GRACE: Duration = Duration::from_secs(1);

/// Waits for all tasks; once some have answered, gives up on those that stay silent for too long after. What
/// stragglers would have said is lost: their callers tell them by their absence.
pub async fn gather<T: 'static>(mut tasks: JoinSet<T>) -> Vec<T> {
    let began = Instant::now();
    let mut answers = Vec::with_capacity(tasks.len());
    loop {
        let next = if answers.is_empty() {
            tasks.join_next().await
        } else {
            let patience = GRACE.max(began.elapsed());
            tokio::time::timeout(patience, tasks.join_next())
                .await
                .unwrap_or(None)
        };
        match next {
            Some(Ok(answer)) => answers.push(answer),
            // A task that panicked has no answer either.
            Some(Err(_)) => {}
            None => return answers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_one_holds_up_the_others_for_the_grace_only() {
        let mut tasks = JoinSet::new();
        tasks.spawn(async { 1 });
        tasks.spawn(async {
            tokio::time::sleep(Duration::from_millis(900)).await;
            2
        });
        tasks.spawn(std::future::pending());
        let began = tokio::time::Instant::now();
        let mut answers = gather(tasks).await;
        answers.sort_unstable();
        assert_eq!(answers, [1, 2]);
        assert!(began.elapsed() < Duration::from_secs(3));
    }
}
