//! Each source of AWS keys, against files and a paper web server on loopback.

use std::io::Write as _;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::*;

/// A web server that answers a request by its first line; what it was asked is kept.
struct Web {
    address: String,
    asked: std::sync::Arc<std::sync::Mutex<Vec<String>>>,
    _serving: JoinSet<()>,
}

async fn web(answers: &'static [(&'static str, &'static str)]) -> Web {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    let asked = std::sync::Arc::<std::sync::Mutex<Vec<String>>>::default();
    let kept = asked.clone();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = String::new();
            while !request.contains("\r\n\r\n") {
                let mut bytes = [0; 1024];
                let count = stream.read(&mut bytes).await.expect("a request");
                request.push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
            let found = answers.iter().find(|(start, _)| request.starts_with(start));
            let (status, body) = match found {
                Some((_, body)) => ("200 OK", *body),
                None => ("404 Not Found", "nothing here"),
            };
            kept.lock().expect("whole").push(request);
            let length = body.len();
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.expect("open");
        }
    });
    Web {
        address,
        asked,
        _serving: serving,
    }
}

fn wallet(aws: &Aws, variables: &[(&'static str, &str)]) -> Wallet {
    let own = variables
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    let around = Surroundings {
        variables: own.collect(),
        home: None,
    };
    Wallet::new(aws, around).expect("nothing is loaded")
}

async fn found(wallet: &Wallet) -> Result<(String, String, Option<String>), String> {
    let keys = wallet.keys("eu-west-1").await.map_err(|fault| fault.0)?;
    let session = keys
        .session
        .as_ref()
        .map(|session| session.reveal().to_owned());
    Ok((keys.id, keys.secret.reveal().to_owned(), session))
}

fn keys(id: &str, session: Option<&str>) -> (String, String, Option<String>) {
    let session = session.map(str::to_owned);
    (id.to_owned(), "secret".to_owned(), session)
}

/// AWS's two files with this content, and the variables that name them.
fn files(name: &str, credentials: &str, config: &str) -> [(&'static str, String); 2] {
    let folder = std::env::temp_dir().join(format!("lookout-aws-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        let mut file = std::fs::File::create(&path).expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        path.display().to_string()
    };
    [
        (
            "AWS_SHARED_CREDENTIALS_FILE",
            write("credentials", credentials),
        ),
        ("AWS_CONFIG_FILE", write("config", config)),
    ]
}

#[tokio::test]
async fn the_environment_comes_first() {
    let wallet = wallet(
        &Aws::default(),
        &[
            ("AWS_ACCESS_KEY_ID", "env"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_SESSION_TOKEN", "session"),
            ("AWS_REGION", "eu-north-1"),
        ],
    );
    assert_eq!(found(&wallet).await, Ok(keys("env", Some("session"))));
    assert_eq!(wallet.region().as_deref(), Some("eu-north-1"));
}

#[tokio::test]
async fn a_profile_is_read_from_both_files_and_one_that_was_chosen_wins_over_the_environment() {
    let [credentials, config] = files(
        "profile",
        "# mine\n[default]\naws_access_key_id=d\naws_secret_access_key = secret\n[prod]\naws_access_key_id = p\naws_secret_access_key = secret\n",
        "[default]\nregion = us-east-2\n[profile prod]\nregion=eu-west-3\n",
    );
    let around = [
        ("AWS_ACCESS_KEY_ID", "env"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        (credentials.0, &credentials.1),
        (config.0, &config.1),
    ];
    let chosen = Aws {
        profile: Some("prod".to_owned()),
        ..Aws::default()
    };
    let chosen = wallet(&chosen, &around);
    assert_eq!(found(&chosen).await, Ok(keys("p", None)));
    assert_eq!(chosen.region().as_deref(), Some("eu-west-3"));
    let customary = wallet(&Aws::default(), &around[2..]);
    assert_eq!(found(&customary).await, Ok(keys("d", None)));
    let missing = Aws {
        profile: Some("nobody".to_owned()),
        ..Aws::default()
    };
    let said = found(&wallet(&missing, &around))
        .await
        .expect_err("no such profile");
    assert!(
        said.starts_with("the AWS profile 'nobody' has no credentials"),
        "{said}"
    );
}

#[tokio::test]
async fn a_profile_may_name_a_command_and_one_of_sso_is_explained() {
    let [credentials, config] = files(
        "command",
        "",
        "[default]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"cmd\",\"SecretAccessKey\":\"secret\",\"SessionToken\":\"s\"}'\n[profile sso]\nsso_session = corp\n",
    );
    let around = [(credentials.0, &*credentials.1), (config.0, &config.1)];
    assert_eq!(
        found(&wallet(&Aws::default(), &around)).await,
        Ok(keys("cmd", Some("s")))
    );
    let sso = Aws {
        profile: Some("sso".to_owned()),
        ..Aws::default()
    };
    let said = found(&wallet(&sso, &around)).await.expect_err("not here");
    assert!(said.contains("run `aws sso login --profile sso`"), "{said}");
}

const KEYS: &str = r#"{"AccessKeyId":"lent","SecretAccessKey":"secret","Token":"session","Expiration":"2090-01-01T00:00:00Z"}"#;

#[tokio::test]
async fn a_container_lends_its_keys_and_they_are_kept() {
    let web = web(&[("GET /keys?id=1 ", KEYS)]).await;
    let address = format!("{}/keys?id=1", web.address);
    let wallet = wallet(
        &Aws::default(),
        &[
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &address),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let me"),
        ],
    );
    assert_eq!(found(&wallet).await, Ok(keys("lent", Some("session"))));
    assert_eq!(found(&wallet).await, Ok(keys("lent", Some("session"))));
    let asked = web.asked.lock().expect("whole");
    assert_eq!(asked.len(), 1);
    assert!(asked[0].contains("authorization: let me"), "{}", asked[0]);
}

#[tokio::test]
async fn a_pod_shows_the_token_of_a_file_to_whoever_lends_it_keys() {
    let [token, _] = files("pod", "from the file\n", "");
    let web = web(&[("GET /keys ", KEYS)]).await;
    let address = format!("{}/keys", web.address);
    let around = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &*address),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token.1),
    ];
    let lent = found(&wallet(&Aws::default(), &around)).await;
    assert_eq!(lent, Ok(keys("lent", Some("session"))));
    let asked = web.asked.lock().expect("whole");
    assert!(asked[0].contains("authorization: from the file\r\n"));
}

#[tokio::test]
async fn a_pod_takes_on_its_role_with_the_token_of_a_file() {
    let [identity, _] = files("identity", "a.b.c\n", "");
    let web = web(&[("GET /?Action=AssumeRoleWithWebIdentity&", ROLE)]).await;
    let around = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", &*identity.1),
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/pod"),
        ("AWS_ENDPOINT_URL_STS", &web.address),
    ];
    let taken = found(&wallet(&Aws::default(), &around)).await;
    assert_eq!(taken, Ok(keys("role", Some("session"))));
    let asked = web.asked.lock().expect("whole");
    for part in [
        "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fpod&",
        "&WebIdentityToken=a.b.c ",
    ] {
        assert!(asked[0].contains(part), "{}", asked[0]);
    }
}

#[tokio::test]
async fn an_instance_lends_its_keys_for_a_token() {
    let web = web(&[
        ("PUT /latest/api/token ", "ticket"),
        (
            "GET /latest/meta-data/iam/security-credentials/ ",
            "kafka-reader\n",
        ),
        (
            "GET /latest/meta-data/iam/security-credentials/kafka-reader ",
            KEYS,
        ),
    ])
    .await;
    let around = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*web.address)];
    assert_eq!(
        found(&wallet(&Aws::default(), &around)).await,
        Ok(keys("lent", Some("session")))
    );
    let asked = web.asked.lock().expect("whole");
    assert!(asked[0].contains("x-aws-ec2-metadata-token-ttl-seconds: "));
    assert!(
        asked[1..]
            .iter()
            .all(|request| request.contains("x-aws-ec2-metadata-token: ticket"))
    );
}

#[tokio::test]
async fn nowhere_found_says_where_was_looked() {
    let around = [("AWS_EC2_METADATA_DISABLED", "true")];
    let said = found(&wallet(&Aws::default(), &around))
        .await
        .expect_err("none");
    assert!(
        said.starts_with("no AWS credentials found: not in the environment"),
        "{said}"
    );
}

const ROLE: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>role</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken><Expiration>2090-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";

#[tokio::test]
async fn a_role_is_taken_on_with_the_keys_that_were_found() {
    let web = web(&[(
        "GET /?Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Freader&",
        ROLE,
    )])
    .await;
    let aws = Aws {
        role_arn: Some("arn:aws:iam::1:role/reader".to_owned()),
        ..Aws::default()
    };
    let around = [
        ("AWS_ACCESS_KEY_ID", "env"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_ENDPOINT_URL_STS", &*web.address),
    ];
    assert_eq!(
        found(&wallet(&aws, &around)).await,
        Ok(keys("role", Some("session")))
    );
    let asked = web.asked.lock().expect("whole");
    assert!(asked[0].contains("X-Amz-Credential=env%2F") && asked[0].contains("&X-Amz-Signature="));
}

#[tokio::test]
async fn a_role_that_cannot_be_taken_on_says_so() {
    let web = web(&[]).await;
    let aws = Aws {
        role_arn: Some("arn:aws:iam::1:role/x".to_owned()),
        ..Aws::default()
    };
    let around = [
        ("AWS_ACCESS_KEY_ID", "env"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_ENDPOINT_URL_STS", &*web.address),
    ];
    let said = found(&wallet(&aws, &around)).await.expect_err("refused");
    assert_eq!(said, "the role cannot be taken on: status 404");
}
