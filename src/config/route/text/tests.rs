//! Every form that is documented, every mistake with its place, any text at all.

use proptest::prelude::*;

use super::way::SOCKS_PORT;
use super::*;
use crate::config::route::{Resolver, Via};
use crate::config::secret::Secret;

fn rule(text: &str) -> Rule {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn mistake(text: &str) -> String {
    text.parse::<Rule>().expect_err(text).to_string()
}

fn via_mistake(text: &str) -> String {
    text.parse::<Via>().expect_err(text).to_string()
}

fn address(host: &str, port: Option<u16>) -> From {
    From::Address {
        host: host.to_owned(),
        port,
    }
}

fn endpoint(host: &str, port: u16) -> Endpoint {
    Endpoint {
        host: host.into(),
        port,
    }
}

fn sum(host: &str, base: i64, add: Add) -> To {
    To::Sum {
        host: host.to_owned(),
        base,
        add,
    }
}

#[test]
fn the_documented_rules_are_understood() {
    let read = |text| (rule(text).from, rule(text).to);
    assert_eq!(
        read("broker-1.internal:9092 -> 127.0.0.1:19092"),
        (
            address("broker-1.internal", Some(9092)),
            To::Address(endpoint("127.0.0.1", 19092))
        )
    );
    assert_eq!(
        read("*.internal:9092 -> 10.0.0.5:{9000+id}"),
        (
            address("*.internal", Some(9092)),
            sum("10.0.0.5", 9000, Add::Id)
        )
    );
    assert_eq!(
        read("node 3 -> [fd00::5]:9092"),
        (From::Node(3), To::Address(endpoint("fd00::5", 9092)))
    );
    assert_eq!(read("* -> bootstrap"), (From::Any, To::Bootstrap));
    assert_eq!(
        read(" *.internal:* ->  gate:{ port - 9000 } "),
        (address("*.internal", None), sum("gate", -9000, Add::Port))
    );
    assert_eq!(
        read("kafka -> gate:{port}"),
        (address("kafka", None), sum("gate", 0, Add::Port))
    );
    assert_eq!(
        rule(" * ->  bootstrap ").text,
        "* ->  bootstrap",
        "kept as it was written"
    );
}

#[test]
fn a_list_of_rules_is_read_in_its_order() {
    let read = rules("a:1 -> b:2, node 7 -> c:3;\n* -> bootstrap\n").expect("rules");
    let texts: Vec<_> = read.iter().map(|rule| rule.text.as_str()).collect();
    assert_eq!(texts, ["a:1 -> b:2", "node 7 -> c:3", "* -> bootstrap"]);
    assert!(rules("a:1 -> b:2, oops").is_err());
}

#[test]
fn a_mistake_in_a_rule_is_pointed_at() {
    assert_eq!(
        mistake("a:1 -> b:70000"),
        "dial.map: `70000` (character 10 of `a:1 -> b:70000`): expected a port from 1 to 65535"
    );
    assert_eq!(
        mistake("a:1 ->"),
        "dial.map: nothing at character 7 of `a:1 ->`: expected host:port, host:{9000+id}, host:{port+10000}, or bootstrap"
    );
    let cases = [
        ("a:1 b:2", "expected FROM -> TO"),
        ("node x -> b:2", "`x` (character 6 "),
        ("node -3 -> b:2", "a number from 0 on"),
        ("a:1 -> *.b:2", "a pattern cannot be dialled"),
        ("a:1 -> b:{9000*id}", "`9000*id` (character 11 "),
        ("a:1 -> b:{9000+id", "`{9000+id` (character 10 "),
        ("a:1 -> b:{id}0", "expected nothing after }"),
        ("::1 -> b:2", "stands in brackets"),
        ("[::1 -> b:2", "expected ] after the address"),
        (":1 -> b:2", "nothing at character 1 "),
        ("a:1 -> b:2 -> c:3", "` c:3` (character 14 "),
        ("a:1 -> b:+2", "`+2`"),
        ("a:0 -> b:2", "`0` (character 3 "),
        ("a\u{1b}[2J:1 -> b:2", "`a\\u{1b}[2J`"),
    ];
    for (text, wanted) in cases {
        let said = mistake(text);
        assert!(said.contains(wanted), "{text}: {said}");
        assert!(!said.contains(char::is_control), "{said:?}");
    }
}

#[test]
fn the_documented_ways_are_understood() {
    let read = |text: &str| text.parse::<Via>().map_err(|error| error.to_string());
    assert_eq!(read(" direct "), Ok(Via::Direct));
    assert_eq!(
        read("socks5h://me:p%40ss:w@proxy:1081/"),
        Ok(Via::Socks5 {
            proxy: endpoint("proxy", 1081),
            login: Some(("me".to_owned(), Secret::new("p@ss:w"))),
            names: Resolver::Proxy,
        })
    );
    assert_eq!(
        read("socks5://[::1]"),
        Ok(Via::Socks5 {
            proxy: endpoint("::1", SOCKS_PORT),
            login: None,
            names: Resolver::Here,
        })
    );
    assert_eq!(
        read("http://proxy:3128"),
        Ok(Via::HttpConnect {
            proxy: endpoint("proxy", 3128),
            login: None,
        })
    );
    assert_eq!(
        read("ssh://ops@jump:2222"),
        Ok(Via::Ssh {
            destination: "ops@jump".to_owned(),
            port: Some(2222),
        })
    );
}

#[test]
fn a_mistake_in_a_way_is_named_and_never_shows_a_login() {
    let cases = [
        ("proxy:1080", "expected direct, socks5://"),
        ("user:hunter2@proxy:1080", "expected direct, socks5://"),
        ("ftp://user:hunter2@proxy:1", "the part before ://"),
        ("socks5://user:hunter2", "the proxy's port"),
        ("http://user:hunter2@proxy", "the proxy's port"),
        ("http://user:hunter2%zz@proxy:1", "%25"),
        ("https://user:hunter2@proxy:1", "without TLS"),
        ("socks4://user:hunter2@proxy:1", "older SOCKS"),
        ("ssh://user:hunter2@jump", "use a key"),
        ("ssh://-oProxyCommand=hunter2", "a dash"),
        ("ssh://-l@jump", "a dash"),
        ("ssh://a hunter2", "the host"),
        ("http://user:hunter2\n@proxy:1", "no control characters"),
        ("socks5://", "the host"),
    ];
    for (text, wanted) in cases {
        let said = via_mistake(text);
        assert!(said.starts_with("dial.via: "), "{said}");
        assert!(said.contains(wanted), "{text}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    let way: Via = "socks5://me:hunter2@proxy:1".parse().expect("a way");
    assert_eq!(way.to_string(), "socks5://me:[hidden]@proxy:1");
    assert!(!format!("{way:?}").contains("hunter2"));
}

#[test]
fn a_timeout_has_a_unit_and_an_end() {
    assert_eq!(timeout("5s"), Ok(Duration::from_secs(5)));
    assert_eq!(timeout(" 500ms "), Ok(Duration::from_millis(500)));
    assert_eq!(timeout("2m"), Ok(Duration::from_mins(2)));
    for text in [
        "",
        "5",
        "0s",
        "11m",
        "99999999999999999999s",
        "-1s",
        "5 weeks",
    ] {
        let said = timeout(text).expect_err(text).to_string();
        assert!(said.contains("such as 5s or 500ms"), "{said}");
    }
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9][a-z0-9._-]{0,20}",
        Just("::1".to_owned()),
        Just("fd00::a:1".to_owned()),
    ]
}

fn pattern() -> impl Strategy<Value = String> {
    prop_oneof![host(), "[a-z*][a-z0-9.*-]{0,12}"]
}

fn a_from() -> impl Strategy<Value = From> {
    let port = proptest::option::of(1_u16..);
    prop_oneof![
        Just(From::Any),
        (0..=i32::MAX).prop_map(From::Node),
        (pattern(), port).prop_map(|(host, port)| From::Address { host, port }),
    ]
}

fn a_to() -> impl Strategy<Value = To> {
    let add = prop_oneof![Just(Add::Id), Just(Add::Port)];
    prop_oneof![
        Just(To::Bootstrap),
        (host(), 1_u16..).prop_map(|(host, port)| To::Address(endpoint(&host, port))),
        (host(), -65535_i64..=65535, add).prop_map(|(host, base, add)| To::Sum { host, base, add }),
    ]
}

fn a_login() -> impl Strategy<Value = Option<(String, Secret)>> {
    let some = ("[^:\\p{Cc}]{1,20}", "[^\\p{Cc}]{0,20}");
    proptest::option::of(some.prop_map(|(name, password)| (name, Secret::new(&password))))
}

fn a_via() -> impl Strategy<Value = Via> {
    let names = prop_oneof![Just(Resolver::Here), Just(Resolver::Proxy)];
    let proxy = || (host(), 1_u16..).prop_map(|(host, port)| endpoint(&host, port));
    let user = proptest::option::of("[a-z][a-z0-9_-]{0,8}");
    let name = "[a-z0-9][a-z0-9.-]{0,20}";
    prop_oneof![
        Just(Via::Direct),
        (proxy(), a_login(), names).prop_map(|(proxy, login, names)| Via::Socks5 {
            proxy,
            login,
            names
        }),
        (proxy(), a_login()).prop_map(|(proxy, login)| Via::HttpConnect { proxy, login }),
        (user, name, proptest::option::of(1_u16..)).prop_map(|(user, host, port)| Via::Ssh {
            destination: user.map_or(host.clone(), |user| format!("{user}@{host}")),
            port,
        }),
    ]
}

/// As an operator writes it: with the password.
fn written(via: &Via) -> String {
    let (Via::Socks5 { login, .. } | Via::HttpConnect { login, .. }) = via else {
        return via.to_string();
    };
    let Some((_, password)) = login else {
        return via.to_string();
    };
    via.to_string()
        .replacen("[hidden]", &encoded(password.reveal()), 1)
}

proptest! {
    #[test]
    fn a_rule_that_is_written_is_read_back(from in a_from(), to in a_to()) {
        let rule = Rule::new(from, to);
        prop_assert_eq!(rule.to_string().parse::<Rule>(), Ok(rule));
    }

    #[test]
    fn a_way_that_is_written_is_read_back(via in a_via()) {
        prop_assert_eq!(written(&via).parse::<Via>(), Ok(via));
    }

    #[test]
    fn a_timeout_that_is_written_is_read_back(ms in 1_u64..=600_000) {
        let time = Duration::from_millis(ms);
        prop_assert_eq!(timeout(&spelled(time)), Ok(time));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*|[a-z0-9*:\\[\\]{}+>@/% -]{0,40}") {
        let _rules = rules(&text);
        let _via = text.parse::<Via>();
        let _timeout = timeout(&text);
    }
}
