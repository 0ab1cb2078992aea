//! This broker's place in the cluster: it registers, shows that it lives, is unfenced, and asks to
//! leave (rules 41 and 44; KIP-631). Decides nothing about partitions.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::api::Broker;
use crate::meta::command::{Command, Reply};
use crate::meta::features::{Feature, SUPPORTED};
use crate::meta::quorum::SubmitError;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::broker_registration::{RegisteredFeature, RegisteredListener};
use crate::wire::messages::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest,
    BrokerRegistrationResponse,
};
use crate::wire::uuid::Uuid;

/// Waits between two attempts to register: the first and the longest.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How soon a broker that is fenced, or that wants to leave, asks again; at most its usual interval.
const IMPATIENT: Duration = Duration::from_millis(100);

/// What the broker wants of the controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// To lead and to follow.
    Serve,
    /// To hand over what it leads, and to leave.
    Leave,
}

/// How the controller sees the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not registered, as far as the broker knows.
    Unknown,
    /// Registered, leads nothing.
    Fenced,
    /// A full member.
    Serving,
    /// It leads nothing more and may stop.
    MayStop,
}

/// What the broker says of itself.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Marks this run of the process.
    pub incarnation: Uuid,
    /// Where it listens.
    pub listeners: Vec<RegisteredListener>,
    /// Its log directories that are online.
    pub log_dirs: Vec<Uuid>,
}

/// The task that keeps the broker a member.
pub struct Membership {
    /// The node.
    pub broker: Arc<Broker>,
    /// What it says of itself.
    pub identity: Identity,
    /// What it wants.
    pub want: watch::Receiver<Want>,
    /// Up to which record the whole node has followed the metadata.
    pub followed: watch::Receiver<i64>,
    /// Told the epoch of every registration.
    pub registered: watch::Sender<i64>,
    /// Told whenever it changes.
    pub standing: watch::Sender<Standing>,
    /// Told why the node cannot go on, if that is so.
    pub trouble: watch::Sender<Option<String>>,
}

impl Membership {
    /// Keeps the broker a member as long as the task lives. Where the first registration does not come
    /// about in `initial.broker.registration.timeout.ms`, the node cannot go on.
    pub async fn keep(mut self) {
        let key = "initial.broker.registration.timeout.ms";
        let mut within = self.broker.config.millis(key);
        loop {
            let mut why = String::new();
            let registered = self.register(&mut why);
            let epoch = match within.take() {
                None => registered.await,
                Some(within) => match timeout(within, registered).await {
                    Ok(epoch) => epoch,
                    Err(_) => {
                        let why = format!("not registered within {within:?} ({key}): {why}");
                        self.trouble.send_replace(Some(why));
                        return;
                    }
                },
            };
            log::info!("registered with epoch {epoch}");
            self.registered.send_replace(epoch);
            self.stand(Standing::Fenced);
            self.catch_up(epoch).await;
            let why = self.beat(epoch).await;
            log::warn!("the registration with epoch {epoch} does not hold any more: {why}");
            self.stand(Standing::Unknown);
        }
    }

    fn stand(&self, now: Standing) {
        self.standing.send_if_modified(|standing| {
            let changed = *standing != now;
            *standing = now;
            changed
        });
    }

    /// Waits until this node knows of its own registration, at most for an interval: what it tells
    /// the controller is then already enough to be unfenced.
    async fn catch_up(&mut self, epoch: i64) {
        let interval = self.interval();
        let reached = self.followed.wait_for(|offset| *offset >= epoch);
        let _late = timeout(interval, reached).await.is_err();
    }

    fn interval(&self) -> Duration {
        let every = self.broker.config.millis("broker.heartbeat.interval.ms");
        every.unwrap_or(IMPATIENT).max(Duration::from_millis(1))
    }

    /// Registers, however long it takes; gives the epoch. `why` is why that has not come about yet.
    async fn register(&self, why: &mut String) -> i64 {
        let mut pause = BACK_OFF.0;
        loop {
            let now = match self.ask_registration().await {
                Ok(response) if response.error_code == ErrorCode::NONE => {
                    return response.broker_epoch;
                }
                Ok(response) => refusal(response.error_code),
                Err(error) => error.to_string(),
            };
            if *why != now {
                log::warn!("not registered yet: {now}");
                *why = now;
            }
            sleep(pause).await;
            pause = (pause * 2).min(BACK_OFF.1);
        }
    }

    async fn ask_registration(&self) -> Result<BrokerRegistrationResponse, SubmitError> {
        let Identity {
            incarnation,
            listeners,
            log_dirs,
        } = self.identity.clone();
        let feature = |feature: &Feature| RegisteredFeature {
            name: feature.name.to_owned(),
            min_supported_version: feature.min,
            max_supported_version: feature.max,
            ..RegisteredFeature::default()
        };
        let request = BrokerRegistrationRequest {
            broker_id: self.broker.config.node_id,
            cluster_id: self.broker.cluster_id.clone(),
            incarnation_id: incarnation,
            listeners,
            features: SUPPORTED.iter().map(feature).collect(),
            rack: self.broker.config.rack.clone(),
            log_dirs,
            previous_broker_epoch: self.broker.replicas.directories().previous_broker_epoch(),
            ..BrokerRegistrationRequest::default()
        };
        self.submit(request).await
    }

    /// Sends heartbeats as long as the registration holds; gives the reason why it does not.
    async fn beat(&mut self, epoch: i64) -> String {
        let interval = self.interval();
        loop {
            let begun = Instant::now();
            let want = *self.want.borrow_and_update();
            let pause = match self.ask_heartbeat(epoch, want).await {
                Ok(response) => match response.error_code {
                    ErrorCode::NONE => self.heard(&response, want),
                    code
                    @ (ErrorCode::STALE_BROKER_EPOCH | ErrorCode::BROKER_ID_NOT_REGISTERED) => {
                        return code.to_string();
                    }
                    code => {
                        log::warn!("the controller refused a heartbeat: {code}");
                        IMPATIENT
                    }
                },
                Err(error) => {
                    log::warn!("no heartbeat: {error}");
                    IMPATIENT
                }
            };
            let next = begun + pause.min(interval);
            tokio::select! {
                () = tokio::time::sleep_until(next) => {}
                Ok(()) = self.want.changed() => {}
            }
        }
    }

    /// Notes how the controller sees the broker; gives the time until the next heartbeat.
    fn heard(&self, response: &BrokerHeartbeatResponse, want: Want) -> Duration {
        match (response.should_shut_down, response.is_fenced) {
            (true, _) => self.stand(Standing::MayStop),
            (false, true) => self.stand(Standing::Fenced),
            (false, false) => self.stand(Standing::Serving),
        }
        if response.is_fenced || want == Want::Leave {
            IMPATIENT
        } else {
            self.interval()
        }
    }

    async fn ask_heartbeat(
        &self,
        epoch: i64,
        want: Want,
    ) -> Result<BrokerHeartbeatResponse, SubmitError> {
        let request = BrokerHeartbeatRequest {
            broker_id: self.broker.config.node_id,
            broker_epoch: epoch,
            current_metadata_offset: *self.followed.borrow(),
            want_shut_down: want == Want::Leave,
            // A broker that can write nowhere is no use to anybody: it leads and follows nothing.
            want_fence: self.broker.replicas.directories().all_offline(),
            offline_log_dirs: self.broker.replicas.offline_dirs(),
            ..BrokerHeartbeatRequest::default()
        };
        self.submit(request).await
    }

    /// Asks the controller, at most for half a session: a later answer would say little.
    async fn submit<R: TryFrom<Reply>>(
        &self,
        request: impl Into<Command>,
    ) -> Result<R, SubmitError> {
        let session = self.broker.config.millis("broker.session.timeout.ms");
        let within = session.unwrap_or(BACK_OFF.1) / 2;
        let reply = timeout(within, self.broker.quorum.submit(request.into()))
            .await
            .map_err(|_| SubmitError::TimedOut)??;
        R::try_from(reply).map_err(|_| SubmitError::TimedOut)
    }
}

/// Words for a registration that was refused.
fn refusal(code: ErrorCode) -> String {
    if code == ErrorCode::DUPLICATE_BROKER_REGISTRATION {
        return format!("{code}: another process of this id was heard of until a moment ago");
    }
    format!("the controller refused: {code}")
}
