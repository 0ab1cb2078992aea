//! DescribeUserScramCredentials and AlterUserScramCredentials (KIP-554), and what they lead to.

use std::num::NonZeroU32;

use broker::sasl::Mechanism;
use broker::sasl::scram::Hash;
use broker::secret::Secret;
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::alter_user_scram_credentials::{
    ScramCredentialDeletion, ScramCredentialUpsertion,
};
use broker::wire::messages::describe_user_scram_credentials::UserName;
use broker::wire::messages::{
    AlterUserScramCredentialsRequest, DescribeUserScramCredentialsRequest,
};

use super::guarded;
use crate::support::client::Client;
use crate::support::secure::password;

fn upsertion(user: &str, hash: Hash, word: &str, iterations: i32) -> ScramCredentialUpsertion {
    let count = NonZeroU32::new(iterations.unsigned_abs()).unwrap();
    ScramCredentialUpsertion {
        name: user.to_owned(),
        mechanism: hash.number(),
        iterations,
        salt: b"some salt".to_vec().into(),
        salted_password: hash.salted(&Secret::new(word), b"some salt", count).into(),
        ..ScramCredentialUpsertion::default()
    }
}

fn deletion(user: &str, mechanism: i8) -> ScramCredentialDeletion {
    ScramCredentialDeletion {
        name: user.to_owned(),
        mechanism,
        ..ScramCredentialDeletion::default()
    }
}

async fn alter(
    client: &mut Client,
    deletions: Vec<ScramCredentialDeletion>,
    upsertions: Vec<ScramCredentialUpsertion>,
) -> Vec<(String, ErrorCode)> {
    let request = AlterUserScramCredentialsRequest {
        deletions,
        upsertions,
        ..AlterUserScramCredentialsRequest::default()
    };
    let answer = client.ask(&request, 0).await;
    let results = answer.results.into_iter();
    results
        .map(|result| (result.user, result.error_code))
        .collect()
}

/// Users with their error, mechanisms and iterations.
async fn describe(
    client: &mut Client,
    users: Option<&[&str]>,
) -> Vec<(String, ErrorCode, Vec<(i8, i32)>)> {
    let name = |name: &&str| UserName {
        name: (*name).to_owned(),
        ..UserName::default()
    };
    let request = DescribeUserScramCredentialsRequest {
        users: users.map(|users| users.iter().map(name).collect()),
        ..DescribeUserScramCredentialsRequest::default()
    };
    let answer = client.ask(&request, 0).await;
    assert_eq!(answer.error_code, ErrorCode::NONE);
    let results = answer.results.into_iter();
    results
        .map(|result| {
            let infos = result.credential_infos.iter();
            let infos = infos
                .map(|info| (info.mechanism, info.iterations))
                .collect();
            (result.user, result.error_code, infos)
        })
        .collect()
}

async fn enters(cluster: &crate::support::cluster::Cluster, user: &str, word: &str) -> bool {
    let mut client = cluster.client(1).await;
    let login = password(Mechanism::ScramSha256, user, word);
    client.log_in(&login).await.error_code == ErrorCode::NONE
}

#[tokio::test(flavor = "multi_thread")]
async fn users_come_change_and_go_while_the_cluster_runs() {
    let set = [
        ("sasl.enabled.mechanisms", "SCRAM-SHA-256,SCRAM-SHA-512"),
        ("connection.failed.authentication.delay.ms", "0"),
    ];
    let mut cluster = guarded(&set).await;
    let mut admin = cluster.client_of(1, "INSIDE").await;
    let none = |user: &str| (user.to_owned(), ErrorCode::NONE);
    let made = alter(
        &mut admin,
        Vec::new(),
        vec![
            upsertion("alice", Hash::Sha256, "one", 4096),
            upsertion("bob", Hash::Sha512, "two", 16_384),
        ],
    );
    assert_eq!(made.await, [none("alice"), none("bob")]);
    assert!(enters(&cluster, "alice", "one").await);
    assert!(
        !enters(&cluster, "bob", "two").await,
        "only with the other hash"
    );
    let all = describe(&mut admin, None).await;
    let wanted = [
        ("alice".to_owned(), ErrorCode::NONE, vec![(1, 4096)]),
        ("bob".to_owned(), ErrorCode::NONE, vec![(2, 16_384)]),
    ];
    assert_eq!(all, wanted);
    let changed = vec![upsertion("alice", Hash::Sha256, "three", 5000)];
    assert_eq!(
        alter(&mut admin, Vec::new(), changed).await,
        [none("alice")]
    );
    assert!(!enters(&cluster, "alice", "one").await);
    assert!(enters(&cluster, "alice", "three").await);

    // What is known survives a restart; a password is nowhere on the disk.
    cluster.stop(1).await;
    cluster.launch(1).await;
    cluster.all_serving().await;
    assert!(enters(&cluster, "alice", "three").await);
    let mut admin = cluster.client_of(1, "INSIDE").await;
    let gone = alter(&mut admin, vec![deletion("alice", 1)], Vec::new()).await;
    assert_eq!(gone, [none("alice")]);
    assert!(!enters(&cluster, "alice", "three").await);
    let left = describe(&mut admin, Some(&[])).await;
    assert_eq!(left.len(), 1);
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_altered_is_refused_user_by_user() {
    let cluster = guarded(&[("sasl.enabled.mechanisms", "SCRAM-SHA-256")]).await;
    let mut admin = cluster.client_of(1, "INSIDE").await;
    let answered = alter(
        &mut admin,
        vec![
            deletion("nobody", 1),
            deletion("unknown", 7),
            deletion("twice", 9),
        ],
        vec![
            upsertion("few", Hash::Sha256, "x", 4095),
            upsertion("good", Hash::Sha256, "x", 4096),
            upsertion("many", Hash::Sha256, "x", 16_385),
            upsertion("", Hash::Sha256, "x", 4096),
            upsertion("double", Hash::Sha256, "x", 4096),
            upsertion("double", Hash::Sha512, "x", 4096),
            upsertion("twice", Hash::Sha256, "x", 4096),
        ],
    );
    let told: Vec<(&str, ErrorCode)> = vec![
        ("", ErrorCode::UNACCEPTABLE_CREDENTIAL),
        ("double", ErrorCode::DUPLICATE_RESOURCE),
        ("few", ErrorCode::UNACCEPTABLE_CREDENTIAL),
        ("good", ErrorCode::NONE),
        ("many", ErrorCode::UNACCEPTABLE_CREDENTIAL),
        ("nobody", ErrorCode::RESOURCE_NOT_FOUND),
        ("twice", ErrorCode::UNSUPPORTED_SASL_MECHANISM),
        ("unknown", ErrorCode::UNSUPPORTED_SASL_MECHANISM),
    ];
    let told: Vec<(String, ErrorCode)> = told
        .into_iter()
        .map(|(user, code)| (user.to_owned(), code))
        .collect();
    assert_eq!(answered.await, told);
    let described = describe(&mut admin, Some(&["double", "good", "good", "other"])).await;
    let codes: Vec<ErrorCode> = described.iter().map(|(_, code, _)| *code).collect();
    assert_eq!(
        codes,
        [
            ErrorCode::RESOURCE_NOT_FOUND,
            ErrorCode::DUPLICATE_RESOURCE,
            ErrorCode::RESOURCE_NOT_FOUND
        ]
    );
    cluster.end().await;
}
