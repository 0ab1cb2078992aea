//! How many partitions a command may still create or delete (KIP-599). A strict asker is refused once its
//! bucket is overdrawn; an older one overdraws it further and waits.

use crate::meta::command::Asker;
use crate::meta::image::Image;
use crate::quota::bucket::overdrawn_ms;
use crate::quota::rate::float;
use crate::quota::{Held, Limit};
use crate::wire::error_code::ErrorCode;

use super::Controller;
use super::assignment::Refusal;

/// What is left for one command.
#[derive(Debug, Default)]
pub(super) struct Allowance(Option<Limited>);

#[derive(Debug)]
struct Limited {
    held: Held,
    is_strict: bool,
    tokens: f64,
    taken: f64,
    is_refused: bool,
}

impl Allowance {
    /// Takes room for so many partitions.
    pub(super) fn take(&mut self, partitions: usize) -> Result<(), Refusal> {
        let Some(limited) = &mut self.0 else {
            return Ok(());
        };
        if limited.is_strict && limited.tokens - limited.taken < 0.0 {
            limited.is_refused = true;
            let why = "Too many partitions were created or deleted of late: try again later.";
            return Err((ErrorCode::THROTTLING_QUOTA_EXCEEDED, why.to_owned()));
        }
        limited.taken += float(i64::try_from(partitions).unwrap_or(i64::MAX));
        Ok(())
    }
}

impl Controller {
    /// What an asker may do now.
    pub(super) fn allow(&mut self, image: &Image, asker: Option<&Asker>, now_ms: i64) -> Allowance {
        let limit = Limit::ControllerMutationRate;
        let limited = asker.and_then(|asker| {
            let held = image
                .client_quotas
                .of_client(limit, &asker.user, &asker.client_id)?;
            Some(Limited {
                tokens: self.buckets.tokens(&held, now_ms),
                held,
                is_strict: asker.is_strict,
                taken: 0.0,
                is_refused: false,
            })
        });
        Allowance(limited)
    }

    /// Takes note of what a command did; gives the milliseconds for which its asker is to be quiet.
    pub(super) fn settle(&mut self, allowance: &Allowance) -> i32 {
        let Some(limited) = &allowance.0 else {
            return 0;
        };
        self.buckets.take(&limited.held, limited.taken);
        if limited.is_strict && !limited.is_refused {
            return 0;
        }
        let left = limited.tokens - limited.taken;
        i32::try_from(overdrawn_ms(left, limited.held.amount)).unwrap_or(i32::MAX)
    }
}
