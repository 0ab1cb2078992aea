//! A client's side of a login, mechanism by mechanism: messages out, challenges in. Pure: the nonce
//! comes in; who sends the messages decides how they travel.

use super::bearer::Bearer;
use super::plain::Plain;
use super::scram::{self, ClientError};
use super::{Mechanism, bearer};
use crate::secret::Secret;

/// With what a client logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// A name and a password, with PLAIN or SCRAM.
    Password {
        /// How it is proven.
        mechanism: Mechanism,
        /// Who.
        user: String,
        /// With what.
        password: Secret,
    },
    /// A token.
    Token(Secret),
}

impl Login {
    /// The mechanism.
    pub fn mechanism(&self) -> Mechanism {
        match self {
            Self::Password { mechanism, .. } => *mechanism,
            Self::Token(_) => Mechanism::OAuthBearer,
        }
    }

    /// The first message, and what follows; `nonce` was never used before.
    pub fn start(&self, nonce: &str) -> (Exchange, Vec<u8>) {
        match self {
            Self::Token(token) => (Exchange::Token, Bearer::message(token, &[])),
            Self::Password {
                mechanism,
                user,
                password,
            } => match mechanism.hash() {
                Some(hash) => {
                    let login = (user.as_str(), password);
                    let (client, message) = scram::Client::start(hash, login, nonce, false);
                    (Exchange::Challenge(client), message)
                }
                None => (Exchange::Last, Plain::message(user, password)),
            },
        }
    }
}

/// Where a login stands: what the server's next message means.
#[derive(Debug)]
pub enum Exchange {
    /// SCRAM's challenge comes next.
    Challenge(scram::Client),
    /// SCRAM's last message comes next, with the server's proof.
    Proof(scram::Expected),
    /// An empty message comes next, or what is wrong with the token.
    Token,
    /// A message without meaning comes next.
    Last,
}

/// What to do after a message of the server.
#[derive(Debug)]
pub enum Next {
    /// Send this, and wait for one more message.
    Send(Exchange, Vec<u8>),
    /// The login is done.
    Done,
}

impl Exchange {
    /// Takes in the server's message.
    pub fn take(self, message: &[u8]) -> Result<Next, ClientError> {
        match self {
            Self::Challenge(client) => {
                let (expected, proof) = client.prove(message)?;
                Ok(Next::Send(Self::Proof(expected), proof))
            }
            Self::Proof(expected) => expected.check(message).map(|()| Next::Done),
            // The server tells why, once the client has said that it has read this.
            Self::Token if !message.is_empty() => Ok(Next::Send(Self::Last, bearer::END.to_vec())),
            Self::Token | Self::Last => Ok(Next::Done),
        }
    }
}
