//! Asking several brokers at once without waiting for one that hangs. Knows nothing of what is asked.

use std::collections::HashMap;
use std::time::Duration;

use tokio::task::{Id, JoinSet};

use crate::model::BrokerId;

/// How long nobody may answer before it is asked who of the rest still answers probes.
const GRACE: Duration = Duration::from_secs(1);

/// Questions under way, and to whom each one goes.
pub struct Asked<T> {
    tasks: JoinSet<T>,
    brokers: HashMap<Id, BrokerId>,
}

impl<T: Send + 'static> Asked<T> {
    /// None so far.
    pub fn none() -> Self {
        Self {
            tasks: JoinSet::new(),
            brokers: HashMap::new(),
        }
    }

    /// Starts one more.
    pub fn spawn(&mut self, id: BrokerId, question: impl Future<Output = T> + Send + 'static) {
        let task = self.tasks.spawn(question).id();
        self.brokers.insert(task, id);
    }

    /// How many have been started.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Waits for all answers; gives up only when everybody who still owes one is silent to probes too. A broker with
    /// more to do than the others is late, and late answers count. What the silent ones would have said is lost: their
    /// callers tell them by their absence.
    pub async fn gather(mut self, silent: impl Fn(BrokerId) -> bool) -> Vec<T> {
        let mut answers = Vec::with_capacity(self.tasks.len());
        loop {
            match tokio::time::timeout(GRACE, self.tasks.join_next_with_id()).await {
                Ok(None) => return answers,
                Ok(Some(Ok((task, answer)))) => {
                    self.brokers.remove(&task);
                    answers.push(answer);
                }
                // A task that panicked has no answer either.
                Ok(Some(Err(error))) => drop(self.brokers.remove(&error.id())),
                Err(_) if self.brokers.values().all(|id| silent(*id)) => return answers,
                Err(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_one_holds_up_the_others_for_the_grace_only() {
        let mut asked = Asked::none();
        asked.spawn(BrokerId(1), async { 1 });
        asked.spawn(BrokerId(2), std::future::pending());
        let began = Instant::now();
        let answers = asked.gather(|id| id == BrokerId(2)).await;
        assert_eq!(answers, [1]);
        assert!(began.elapsed() < Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_answers_probes_may_be_late() {
        let mut asked = Asked::none();
        asked.spawn(BrokerId(1), async { 1 });
        asked.spawn(BrokerId(2), async {
            sleep(Duration::from_secs(4)).await;
            2
        });
        let answers = asked.gather(|_| false).await;
        assert_eq!(answers, [1, 2]);
    }
}
