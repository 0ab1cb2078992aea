//! Asking the node that leads `_schemas`: over the connection between brokers, so that cuts, encryption
//! and logins hold for it too.

use tokio::time::{Instant, timeout_at};

use super::asked::Asked;
use super::refusal::Refusal;
use super::shell::{Answer, Registry, moved};
use crate::fault::Link;
use crate::peer::PeerError;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::{RegistryCommandRequest, RegistryCommandResponse};

const VERSION: i16 = 0;

impl Registry {
    /// The leader's answer, once this node has seen what it changed.
    pub(super) async fn forward(&self, asked: &Asked, until: Instant) -> Result<Answer, Refusal> {
        let leader = self.leader();
        let leader = leader.ok_or_else(|| moved(ErrorCode::LEADER_NOT_AVAILABLE))?;
        let answered = timeout_at(until, self.ask(leader, asked, until)).await;
        let answer = match answered {
            Ok(Ok(answer)) => answer,
            Ok(Err(why)) => return Err(failed(leader, &why)),
            Err(_) => {
                let why =
                    format_args!("node {leader}, the leader of _schemas, did not answer in time");
                return Err(Refusal::not_forwarded(why));
            }
        };
        match answer.error_code {
            ErrorCode::NONE => {}
            code => return Err(moved(code)),
        }
        self.see(answer.offset).await;
        Ok(Answer {
            status: u16::try_from(answer.status).unwrap_or(500),
            body: answer.body,
        })
    }

    async fn ask(
        &self,
        leader: i32,
        asked: &Asked,
        until: Instant,
    ) -> Result<RegistryCommandResponse, PeerError> {
        let replicas = &self.ground.replicas;
        let unknown = || PeerError::Io {
            node: leader,
            source: std::io::ErrorKind::NotFound.into(),
        };
        let address = replicas.address_of(leader).ok_or_else(unknown)?;
        let mut peer = replicas.dialer().connect(Link::Broker, &address).await?;
        let request = RegistryCommandRequest {
            method: asked.method.clone(),
            target: asked.target.clone(),
            body: asked.body.clone(),
            ..RegistryCommandRequest::default()
        };
        let within = until.saturating_duration_since(Instant::now());
        peer.ask(&request, VERSION, within).await
    }
}

fn failed(leader: i32, why: &PeerError) -> Refusal {
    Refusal::not_forwarded(format_args!(
        "Error while forwarding the request to node {leader}, the leader of _schemas: {why}"
    ))
}
