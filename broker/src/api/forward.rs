//! What only the controller can do: asks it, and waits until this node knows of the outcome, so
//! that who changes something sees it in the next answer here.

use std::time::Duration;

use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use super::{Broker, Ctx};
use crate::meta::command::{Command, Reply};
use crate::meta::image::Image;
use crate::meta::quorum::SubmitError;
use crate::meta::settings;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::value::Value;

/// The least time a change gets, whatever a client asks for.
const LEAST: Duration = Duration::from_secs(1);
/// The most time a change gets: a client that is gone must not hold its connection for ever.
const MOST: Duration = Duration::from_mins(2);

/// The most time that an answer waits for this node to follow. Something else may have undone the
/// change in the meantime.
const FOLLOW: Duration = Duration::from_secs(5);

/// Why something could not be done, in the client's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What clients act on.
    pub code: ErrorCode,
    /// What people read.
    pub message: String,
}

impl From<SubmitError> for Failure {
    /// What may succeed later is retriable; nothing is `UNKNOWN_SERVER_ERROR`, which is final.
    fn from(error: SubmitError) -> Self {
        let code = match error {
            SubmitError::NoController(_) => ErrorCode::NOT_CONTROLLER,
            SubmitError::TimedOut | SubmitError::Unconfirmed(_) => ErrorCode::REQUEST_TIMED_OUT,
            SubmitError::Unsendable(_) => ErrorCode::INVALID_REQUEST,
        };
        Self {
            code,
            message: error.to_string(),
        }
    }
}

/// The end of the time that a client gives a change.
pub fn deadline(timeout_ms: i32) -> Instant {
    let asked = Duration::from_millis(u64::try_from(timeout_ms).unwrap_or(0));
    Instant::now() + asked.clamp(LEAST, MOST)
}

/// The end of the time for requests that name none: `request.timeout.ms` from now.
pub fn usual_deadline(broker: &Broker) -> Instant {
    let image = broker.image();
    let usual = settings::layers(&image, &broker.config).number("request.timeout.ms");
    deadline(
        usual
            .and_then(|ms| i32::try_from(ms).ok())
            .unwrap_or(30_000),
    )
}

/// Asks the active controller. What comes back is agreed on, but perhaps not yet known here.
pub async fn submit<Q, R>(broker: &Broker, request: Q, until: Instant) -> Result<R, Failure>
where
    Q: Into<Command>,
    R: TryFrom<Reply, Error = Reply>,
{
    understood(timeout_at(until, broker.quorum.submit(request.into())).await)
}

/// Asks the active controller for what clients have a quota of: those that know the error, from this
/// version on, are refused what is above it; the others, and both afterwards, are muted (KIP-599).
pub async fn submit_within_quota<Q, R>(
    ctx: &Ctx,
    request: Q,
    strict_from: i16,
    until: Instant,
) -> Result<R, Failure>
where
    Q: Into<Command>,
    R: Value + TryFrom<Reply, Error = Reply>,
{
    let mut answer: R = submit_as(ctx, request, ctx.version >= strict_from, until).await?;
    if let Some(ms) = answer.throttle_time_ms() {
        ctx.mutated(*ms);
    }
    Ok(answer)
}

/// Asks the active controller for what a client needs, as far as its quota allows. Nobody is muted.
pub async fn submit_as<Q, R>(
    ctx: &Ctx,
    request: Q,
    is_strict: bool,
    until: Instant,
) -> Result<R, Failure>
where
    Q: Into<Command>,
    R: TryFrom<Reply, Error = Reply>,
{
    let client = ctx.asker(is_strict);
    let asked = ctx.broker.quorum.submit_for(client, request.into());
    understood(timeout_at(until, asked).await)
}

fn understood<R>(asked: Result<Result<Reply, SubmitError>, Elapsed>) -> Result<R, Failure>
where
    R: TryFrom<Reply, Error = Reply>,
{
    let reply = asked.map_err(|_| Failure::from(SubmitError::TimedOut))??;
    R::try_from(reply).map_err(|other| {
        log::error!("the controller answered something else than was asked: {other:?}");
        Failure::from(SubmitError::Unconfirmed(
            "it answered another question".to_owned(),
        ))
    })
}

/// Waits until this node's image is as expected, at most until the deadline. What is waited for
/// has been agreed on: it comes with or without this wait, so that its end is not a failure.
pub async fn seen(ctx: &Ctx, until: Instant, expected: impl Fn(&Image) -> bool) {
    let mut images = ctx.broker.quorum.images();
    let until = until.min(Instant::now() + FOLLOW);
    let met = timeout_at(until, images.wait_for(|image| expected(image))).await;
    if !matches!(met, Ok(Ok(_))) {
        log::warn!("a change that was agreed on is not yet known to this node");
    }
}
