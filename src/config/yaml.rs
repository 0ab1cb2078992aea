//! YAML as a tree of texts, lists and maps: all that the files of other tools are made of. Total over any text: depth
//! is bounded, and what is written once is never copied by reference.

use saphyr_parser::{Event, Parser, ScanError};
use thiserror::Error;

/// Deeper than any configuration.
const DEPTH: usize = 32;

/// A node with the line it begins in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub line: usize,
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Nothing,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// What is wrong with a text.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum YamlError {
    #[error("line {line}: not valid YAML: {reason}")]
    Syntax { line: usize, reason: String },
    #[error("line {0}: nested deeper than any configuration")]
    Deep(usize),
    #[error("line {0}: anchors and aliases are not followed; write the value out")]
    Alias(usize),
}

impl Node {
    /// Reads the first document of a text.
    pub fn read(text: &str) -> Result<Self, YamlError> {
        let mut tree = Tree::default();
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| syntax(&error))?;
            let line = span.start.line();
            if tree.take(event, line)? {
                break;
            }
        }
        Ok(tree.root.unwrap_or(Self {
            line: 1,
            content: Content::Nothing,
        }))
    }

    /// A value of a map; the names of Go's fields are compared without their letters' case.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Content::Map(entries) = &self.content else {
            return None;
        };
        let found = entries
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found
            .map(|(_, node)| node)
            .filter(|node| !node.is_nothing())
    }

    /// A value at the end of a way through maps.
    pub fn at(&self, way: &[&str]) -> Option<&Self> {
        way.iter().try_fold(self, |node, name| node.get(name))
    }

    /// A text that is not empty.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Whether it says true.
    pub fn is_true(&self) -> bool {
        let words = ["true", "yes", "on"];
        self.text()
            .is_some_and(|text| words.iter().any(|word| text.eq_ignore_ascii_case(word)))
    }

    /// The nodes of a list; a text alone is a list of one.
    pub fn items(&self) -> &[Self] {
        match &self.content {
            Content::List(items) => items,
            Content::Text(_) => std::slice::from_ref(self),
            Content::Nothing | Content::Map(_) => &[],
        }
    }

    /// The entries of a map, in their order.
    pub fn entries(&self) -> &[(String, Self)] {
        match &self.content {
            Content::Map(entries) => entries,
            Content::Nothing | Content::Text(_) | Content::List(_) => &[],
        }
    }

    fn is_nothing(&self) -> bool {
        matches!(self.content, Content::Nothing)
    }
}

fn syntax(error: &ScanError) -> YamlError {
    YamlError::Syntax {
        line: error.marker().line(),
        reason: error.info().to_owned(),
    }
}

/// A tree that grows by events.
#[derive(Default)]
struct Tree {
    root: Option<Node>,
    open: Vec<Open>,
}

/// A list or map that is not closed yet.
struct Open {
    node: Node,
    /// Of a map: the key whose value comes next.
    key: Option<String>,
}

impl Tree {
    /// Takes an event in. Whether the document is over.
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<bool, YamlError> {
        match event {
            Event::Scalar(text, style, ..) => {
                let plain = style == saphyr_parser::ScalarStyle::Plain;
                let content = match &*text {
                    "" | "~" | "null" | "Null" | "NULL" if plain => Content::Nothing,
                    text => Content::Text(text.to_owned()),
                };
                self.add(Node { line, content });
            }
            Event::SequenceStart(..) => self.begin(line, Content::List(Vec::new()))?,
            Event::MappingStart(..) => self.begin(line, Content::Map(Vec::new()))?,
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    self.add(open.node);
                }
            }
            Event::Alias(_) => return Err(YamlError::Alias(line)),
            Event::DocumentEnd => return Ok(true),
            _ => {}
        }
        Ok(false)
    }

    fn begin(&mut self, line: usize, content: Content) -> Result<(), YamlError> {
        if self.open.len() >= DEPTH {
            return Err(YamlError::Deep(line));
        }
        let node = Node { line, content };
        self.open.push(Open { node, key: None });
        Ok(())
    }

    fn add(&mut self, node: Node) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match (&mut open.node.content, open.key.take()) {
            (Content::List(items), _) => items.push(node),
            (Content::Map(entries), Some(key)) => entries.push((key, node)),
            (Content::Map(_), None) => {
                open.key = Some(match node.content {
                    Content::Text(text) => text,
                    // A key that is no text is nobody's name.
                    Content::Nothing | Content::List(_) | Content::Map(_) => String::new(),
                });
            }
            (Content::Nothing | Content::Text(_), _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn maps_lists_and_texts_are_read() {
        let text = "current: a\nlist:\n- name: a\n  Brokers: [x:1, 'y:2']\n  tls: null\n  ca: ~\n  n: 9\n  on: true\n";
        let root = Node::read(text).unwrap();
        assert_eq!(root.get("current").and_then(Node::text), Some("a"));
        let first = &root.get("list").unwrap().items()[0];
        let brokers: Vec<_> = first
            .get("brokers")
            .unwrap()
            .items()
            .iter()
            .map(Node::text)
            .collect();
        assert_eq!(brokers, [Some("x:1"), Some("y:2")]);
        assert_eq!(first.get("brokers").map(|node| node.line), Some(4));
        assert!(first.get("tls").is_none() && first.get("ca").is_none());
        assert_eq!(first.get("n").and_then(Node::text), Some("9"));
        assert!(first.get("on").is_some_and(Node::is_true));
        assert!(root.at(&["list", "x"]).is_none());
    }

    #[test]
    fn depth_and_aliases_are_refused() {
        let deep = "- ".repeat(100_000);
        assert!(matches!(
            Node::read(&deep),
            Err(YamlError::Deep(_) | YamlError::Syntax { .. })
        ));
        assert!(Node::read(&"[".repeat(100_000)).is_err());
        assert_eq!(Node::read("a: &x [1]\nb: *x\n"), Err(YamlError::Alias(2)));
        assert!(matches!(
            Node::read("a: [\n"),
            Err(YamlError::Syntax { .. })
        ));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let read = Node::read(&text);
            prop_assert!(read.is_ok() || read.is_err_and(|error| !error.to_string().is_empty()));
        }

        #[test]
        fn signs_anywhere_are_read_or_refused(text in "[-a:?\\[\\]{},&*!|>'\"%@` \t\n#]{0,60}") {
            let read = Node::read(&text);
            prop_assert!(read.is_ok() || read.is_err());
        }
    }
}
