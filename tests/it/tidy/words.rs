//! What must not be written: in code, by its tokens (comments and strings may name it), and in any
//! text file of the repository.

use proc_macro2::{Delimiter, TokenTree};

use super::source::{self, Source};

/// Identifiers that must not occur in code, and why.
const IDENTIFIERS: [(&str, &str); 3] = [
    ("todo", "unfinished code is not committed"),
    ("unimplemented", "unfinished code is not committed"),
    (
        "unbounded_channel",
        "every queue is bounded: name a limit and say what happens when it is full",
    ),
];

/// Attributes that must not occur, and what to write instead.
const ATTRIBUTES: [(&str, &str); 2] = [
    ("allow", "write #[expect(lint, reason = \"…\")]"),
    (
        "ignore",
        "a test that does not run is deleted, or made to run",
    ),
];

/// Words that must not occur in any text file, in two halves so that this file has none of them.
const WORDS: [(&str, &str, &str); 4] = [
    ("FIX", "ME", "mend it, or write down what the limitation is"),
    ("/ro", "ot/", "an absolute path of one machine"),
    ("/ho", "me/", "an absolute path of one machine"),
    ("/Us", "ers/", "an absolute path of one machine"),
];

#[test]
fn no_banned_identifier_or_attribute_is_written() {
    let sources = source::rust_files();
    super::assert_none(&sources.iter().flat_map(banned_code).collect::<Vec<_>>());
}

#[test]
fn no_banned_word_is_written_in_any_text_file() {
    let texts = source::text_files();
    let found = texts
        .iter()
        .flat_map(|(path, text)| banned_words(path, text));
    super::assert_none(&found.collect::<Vec<_>>());
}

fn banned_code(source: &Source) -> Vec<String> {
    let tokens = source.tokens();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let line = token.span().start().line;
        if let TokenTree::Ident(ident) = token
            && let Some((word, why)) = IDENTIFIERS.iter().find(|(word, _)| ident == word)
        {
            found.push(format!("{}:{line}: {word}: {why}", source.path));
        }
        if let Some(name) = attribute_at(&tokens, at)
            && let Some((word, why)) = ATTRIBUTES.iter().find(|(word, _)| name == *word)
        {
            found.push(format!("{}:{line}: attribute {word}: {why}", source.path));
        }
    }
    found
}

/// The name of the attribute whose `#` stands at this place of the flat list of tokens.
fn attribute_at(tokens: &[TokenTree], at: usize) -> Option<String> {
    let is = |token: &TokenTree, wanted: char| matches!(token, TokenTree::Punct(p) if p.as_char() == wanted);
    tokens.get(at).filter(|t| is(t, '#'))?;
    let open = at + 1 + usize::from(tokens.get(at + 1).is_some_and(|t| is(t, '!')));
    match (tokens.get(open)?, tokens.get(open + 1)?) {
        (TokenTree::Group(group), TokenTree::Ident(name))
            if group.delimiter() == Delimiter::Bracket =>
        {
            Some(name.to_string())
        }
        _ => None,
    }
}

fn banned_words(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for (head, tail, why) in WORDS {
            if line.contains(&format!("{head}{tail}")) {
                found.push(format!("{path}:{}: {head}{tail}: {why}", number + 1));
            }
        }
    }
    found
}

#[test]
fn a_banned_identifier_is_found_in_code_and_not_in_comments_or_strings() {
    let lines = |text: &str| banned_code(&Source::new("x.rs", text)).len();
    assert_eq!(lines("//! unbounded_channel\nfn f() { g(\"todo\"); }"), 0);
    assert_eq!(lines("fn f() { todo!() }"), 1);
    assert_eq!(lines("fn f() { println!(\"{}\", unimplemented!()) }"), 1);
    assert_eq!(lines("use tokio::sync::mpsc::unbounded_channel;"), 1);
}

#[test]
fn a_banned_attribute_is_found_wherever_it_stands() {
    let lines = |text: &str| banned_code(&Source::new("x.rs", text)).len();
    assert_eq!(
        lines("#[expect(dead_code, reason = \"\")] fn allow() {}"),
        0
    );
    assert_eq!(lines("#[allow(dead_code)] fn f() {}"), 1);
    assert_eq!(lines("#![allow(dead_code)]"), 1);
    assert_eq!(
        lines("macro_rules! m { () => { #[allow(dead_code)] fn f() {} } }"),
        1
    );
    assert_eq!(lines("#[test]\n#[ignore]\nfn f() {}"), 1);
}

#[test]
fn a_banned_word_is_found_in_prose() {
    let bad = format!("ok\nsee {}someone/notes", concat!("/ho", "me/"));
    assert_eq!(banned_words("README.md", "ok\n~/notes"), [""; 0]);
    let found = banned_words("README.md", &bad);
    assert_eq!(found.len(), 1);
    assert!(
        found.iter().all(|f| f.starts_with("README.md:2: ")),
        "{found:?}"
    );
}
