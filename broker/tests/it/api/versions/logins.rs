//! Logins where none are asked for, and users.

use broker::wire::messages::alter_user_scram_credentials::{
    ScramCredentialDeletion, ScramCredentialUpsertion,
};
use broker::wire::messages::describe_user_scram_credentials::UserName;
use broker::wire::messages::{
    AlterUserScramCredentialsRequest, DescribeUserScramCredentialsRequest, SaslAuthenticateRequest,
    SaslHandshakeRequest,
};

use super::Asker;

pub async fn logins(asker: &mut Asker) {
    asker.all(|_| vec![SaslHandshakeRequest::default()]).await;
    asker
        .all(|_| vec![SaslAuthenticateRequest::default()])
        .await;
    let alter = |_| {
        vec![AlterUserScramCredentialsRequest {
            deletions: vec![ScramCredentialDeletion::default()],
            upsertions: vec![ScramCredentialUpsertion {
                name: "alice".to_owned(),
                mechanism: 1,
                iterations: 4096,
                ..ScramCredentialUpsertion::default()
            }],
            ..AlterUserScramCredentialsRequest::default()
        }]
    };
    asker.all(alter).await;
    let named = |name: &str| UserName {
        name: name.to_owned(),
        ..UserName::default()
    };
    let describe = |_| {
        let users = [None, Some(vec![named("alice"), named("nobody")])];
        users
            .map(|users| DescribeUserScramCredentialsRequest {
                users,
                ..DescribeUserScramCredentialsRequest::default()
            })
            .into()
    };
    asker.all(describe).await;
}
