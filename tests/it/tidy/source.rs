//! The files that the law speaks of, read once. Never writes.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

/// Folders that hold nothing of ours: build output, caches, version control.
const FOREIGN: [&str; 6] = [
    "target",
    ".git",
    ".cache",
    ".venv",
    "node_modules",
    "corpus",
];

/// Where Rust source lives.
const RUST_ROOTS: [&str; 5] = ["src", "broker/src", "broker/tests", "broker/fuzz", "tests"];

/// One Rust file. Its tree is built on demand: most rules need less.
pub struct Source {
    /// Relative to the root of the repository, with `/`.
    pub path: String,
    pub text: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    pub fn tree(&self) -> syn::File {
        syn::parse_file(&self.text).unwrap_or_else(|e| panic!("{}: {e}", self.path))
    }

    /// The crate that the file belongs to, and its path inside of that crate's `src`.
    pub fn in_crate(&self) -> Option<(&'static str, &str)> {
        let broker = self
            .path
            .strip_prefix("broker/src/")
            .map(|rest| ("broker", rest));
        broker.or_else(|| self.path.strip_prefix("src/").map(|rest| ("lookout", rest)))
    }

    /// A file of nothing but unit tests, declared under `#[cfg(test)]` by its parent.
    pub fn is_tests_only(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    /// Every token, groups opened, in reading order. Comments are no tokens; doc comments are
    /// string literals.
    pub fn tokens(&self) -> Vec<TokenTree> {
        let stream: TokenStream = self.text.parse().unwrap();
        let mut flat = Vec::new();
        flatten(stream, &mut flat);
        flat
    }
}

/// Opens groups: the group itself stays in the list, before its content.
pub fn flatten(stream: TokenStream, flat: &mut Vec<TokenTree>) {
    for token in stream {
        flat.push(token.clone());
        if let TokenTree::Group(group) = token {
            flatten(group.stream(), flat);
        }
    }
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files of both crates, tests included.
pub fn rust_files() -> Vec<Source> {
    let mut sources: Vec<Source> = RUST_ROOTS
        .iter()
        .flat_map(|folder| files_under(&root().join(folder)))
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .map(|path| Source::new(&relative(&path), &fs::read_to_string(&path).unwrap()))
        .collect();
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

/// Every text file of the repository: path and content. What is not UTF-8 is not text.
pub fn text_files() -> Vec<(String, String)> {
    files_under(root())
        .into_iter()
        .filter_map(|path| Some((relative(&path), fs::read_to_string(&path).ok()?)))
        .collect()
}

/// All files below `folder`; none when there is no such folder.
pub fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(Result::unwrap)
    {
        let (path, name) = (entry.path(), entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() && !FOREIGN.iter().any(|f| name == *f) {
            found.extend(files_under(&path));
        } else if kind.is_file() {
            found.push(path);
        }
    }
    found.sort();
    found
}

pub fn relative(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap()
        .to_str()
        .unwrap()
        .replace('\\', "/")
}
