//! The active controller: commands in, records and a reply out. Pure: time and randomness come in.

use super::command::{Command, Reply};
use super::image::Image;
use super::record::Record;

/// What a command leads to.
#[derive(Debug)]
pub struct Outcome {
    /// To be agreed on before the reply is given; empty for a refusal or a question.
    pub records: Vec<Record>,
    /// The answer, valid once the records are agreed on.
    pub reply: Reply,
}

/// The soft state of an active controller: who was heard from when. Made anew with every election.
#[derive(Debug)]
pub struct Controller {}

impl Controller {
    /// Answers a command against the image; `now_ms` is the time of this node's clock.
    pub fn handle(&mut self, image: &Image, command: &Command, now_ms: i64) -> Outcome {
        let _ = (image, command, now_ms);
        todo!()
    }

    /// What time alone demands: fencing silent brokers, leaders for what became possible.
    pub fn tick(&mut self, image: &Image, now_ms: i64) -> Vec<Record> {
        let _ = (image, now_ms);
        todo!()
    }
}
