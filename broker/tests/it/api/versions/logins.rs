//! Logins where none are asked for, and users.

use broker::wire::messages::alter_client_quotas::{OpData, RequestEntityData, RequestEntryData};
use broker::wire::messages::alter_user_scram_credentials::{
    ScramCredentialDeletion, ScramCredentialUpsertion,
};
use broker::wire::messages::describe_client_quotas::ComponentData;
use broker::wire::messages::describe_user_scram_credentials::UserName;
use broker::wire::messages::{
    AlterClientQuotasRequest, AlterUserScramCredentialsRequest, DescribeClientQuotasRequest,
    DescribeUserScramCredentialsRequest, SaslAuthenticateRequest, SaslHandshakeRequest,
};

use super::Asker;

pub async fn logins(asker: &mut Asker) {
    asker.all(|_| vec![SaslHandshakeRequest::default()]).await;
    asker
        .all(|_| vec![SaslAuthenticateRequest::default()])
        .await;
}

pub async fn users(asker: &mut Asker) {
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
    quotas(asker).await;
}

async fn quotas(asker: &mut Asker) {
    let user = |entity_name: Option<&str>| RequestEntityData {
        entity_type: "user".to_owned(),
        entity_name: entity_name.map(str::to_owned),
        ..RequestEntityData::default()
    };
    let alter = |_| {
        let entry = |entity| RequestEntryData {
            entity,
            ops: vec![OpData {
                key: "producer_byte_rate".to_owned(),
                value: 1e12,
                ..OpData::default()
            }],
            ..RequestEntryData::default()
        };
        let entries = vec![entry(vec![user(None)]), entry(vec![user(Some(""))])];
        vec![AlterClientQuotasRequest {
            entries,
            ..AlterClientQuotasRequest::default()
        }]
    };
    asker.all(alter).await;
    let describe = |_| {
        ["user", "nothing"]
            .map(|kind| DescribeClientQuotasRequest {
                components: vec![ComponentData {
                    entity_type: kind.to_owned(),
                    match_type: 2,
                    ..ComponentData::default()
                }],
                ..DescribeClientQuotasRequest::default()
            })
            .into()
    };
    asker.all(describe).await;
}
