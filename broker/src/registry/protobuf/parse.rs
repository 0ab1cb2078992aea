//! From the words of a `.proto` file to the file. What is no Protobuf is refused with its line.

use super::lex::{Token, Word, words};
use super::{
    DEPTH, Enum, EnumValue, Extend, Field, File, Import, Kind, Label, MAX_NUMBER, Message, Opt,
    Range, Syntax, scalar,
};

/// Reads a file.
pub fn parse(text: &str) -> Result<File, String> {
    let tokens = words(text)?;
    let mut parser = Parser { tokens, at: 0 };
    let mut file = File::default();
    while parser.at < parser.tokens.len() {
        parser.statement(&mut file)?;
    }
    Ok(file)
}

/// The words of a file, and how far they are read.
pub(super) struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

pub(super) type Read<T> = Result<T, String>;

impl Parser {
    pub(super) fn peek(&self) -> Option<&Word> {
        self.tokens.get(self.at).map(|token| &token.what)
    }

    pub(super) fn wrong<T>(&self, wanted: &str) -> Read<T> {
        let line = self.tokens.get(self.at).or(self.tokens.last());
        let line = line.map_or(1, |token| token.line);
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(Word::Sign(sign)) => sign.to_string(),
            Some(Word::Name(word) | Word::Number(word) | Word::Text(word)) => word.clone(),
        };
        Err(format!("line {line}: {wanted} expected, found {found}"))
    }

    pub(super) fn next_sign(&mut self, sign: char) -> bool {
        let is_it = self.peek() == Some(&Word::Sign(sign));
        self.at += usize::from(is_it);
        is_it
    }

    pub(super) fn sign(&mut self, sign: char) -> Read<()> {
        if self.next_sign(sign) {
            return Ok(());
        }
        self.wrong(&format!("\"{sign}\""))
    }

    pub(super) fn next_name(&mut self, name: &str) -> bool {
        let is_it = matches!(self.peek(), Some(Word::Name(word)) if word == name);
        self.at += usize::from(is_it);
        is_it
    }

    /// A name with dots.
    pub(super) fn path(&mut self) -> Read<String> {
        match self.peek() {
            Some(Word::Name(word)) => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            _ => self.wrong("a name"),
        }
    }

    /// A name without dots.
    pub(super) fn name(&mut self) -> Read<String> {
        if matches!(self.peek(), Some(Word::Name(word)) if word.contains('.')) {
            return self.wrong("a name without dots");
        }
        self.path()
    }

    fn text(&mut self) -> Read<String> {
        match self.peek() {
            Some(Word::Text(word)) => {
                let inner = word.chars().skip(1);
                let text: String = inner.take(word.chars().count().saturating_sub(2)).collect();
                self.at += 1;
                Ok(text)
            }
            _ => self.wrong("a text"),
        }
    }

    fn number(&mut self) -> Read<i32> {
        let minus = self.next_sign('-');
        let Some(Word::Number(word)) = self.peek() else {
            return self.wrong("a number");
        };
        let hex = word.strip_prefix("0x").or(word.strip_prefix("0X"));
        let number = match hex {
            Some(hex) => i64::from_str_radix(hex, 16),
            None if word.len() > 1 && word.starts_with('0') => i64::from_str_radix(word, 8),
            None => word.parse(),
        };
        let number = number
            .ok()
            .map(|number| if minus { -number } else { number });
        match number.and_then(|number| i32::try_from(number).ok()) {
            Some(number) => {
                self.at += 1;
                Ok(number)
            }
            None => self.wrong("a number"),
        }
    }

    fn statement(&mut self, file: &mut File) -> Read<()> {
        if self.next_sign(';') {
            return Ok(());
        }
        let word = self.path()?;
        match word.as_str() {
            "syntax" => {
                self.sign('=')?;
                file.syntax = match self.text()?.as_str() {
                    "proto2" => Syntax::Proto2,
                    "proto3" => Syntax::Proto3,
                    other => return Err(format!("syntax \"{other}\" is not known")),
                };
                self.sign(';')
            }
            "package" => {
                file.package = self.path()?;
                self.sign(';')
            }
            "import" => {
                let kind = if self.next_name("public") {
                    Import::Public
                } else if self.next_name("weak") {
                    Import::Weak
                } else {
                    Import::Plain
                };
                file.imports.push((self.text()?, kind));
                self.sign(';')
            }
            "option" => {
                file.options.push(self.option()?);
                self.sign(';')
            }
            "message" => {
                file.messages.push(self.message(DEPTH)?);
                Ok(())
            }
            "enum" => {
                file.enums.push(self.enumeration()?);
                Ok(())
            }
            "service" => {
                file.services.push(self.service()?);
                Ok(())
            }
            "extend" => {
                let mut holder = Message::default();
                file.extends.push(self.extend(&mut holder, DEPTH)?);
                file.messages.append(&mut holder.messages);
                Ok(())
            }
            _ => {
                self.at -= 1;
                self.wrong("a statement")
            }
        }
    }

    /// `name = value`, where `option` or a bracket came before.
    pub(super) fn option(&mut self) -> Read<Opt> {
        let mut name = String::new();
        while self.peek() != Some(&Word::Sign('=')) {
            match self.peek() {
                Some(Word::Name(word)) => name.push_str(word),
                Some(Word::Sign(sign @ ('(' | ')'))) => name.push(*sign),
                _ => return self.wrong("the name of an option"),
            }
            self.at += 1;
        }
        self.sign('=')?;
        Ok(Opt {
            name,
            value: self.value()?,
        })
    }

    /// A value as written, up to what ends it.
    fn value(&mut self) -> Read<String> {
        let (mut value, mut depth) = (String::new(), 0_usize);
        loop {
            let word = match self.peek() {
                None => return self.wrong("a value"),
                Some(Word::Sign(';' | ',' | ']')) if depth == 0 => break,
                Some(Word::Sign(sign)) => {
                    depth += usize::from(matches!(sign, '{' | '[' | '<'));
                    depth = depth.saturating_sub(usize::from(matches!(sign, '}' | ']' | '>')));
                    sign.to_string()
                }
                Some(Word::Name(word) | Word::Number(word) | Word::Text(word)) => word.clone(),
            };
            if !value.is_empty() && !value.ends_with('-') {
                value.push(' ');
            }
            value.push_str(&word);
            self.at += 1;
        }
        if value.is_empty() {
            return self.wrong("a value");
        }
        Ok(value)
    }

    /// `[a = 1, b = 2]`, where it stands.
    fn options(&mut self) -> Read<Vec<Opt>> {
        let mut all = Vec::new();
        if self.next_sign('[') {
            all.push(self.option()?);
            while self.next_sign(',') {
                all.push(self.option()?);
            }
            self.sign(']')?;
        }
        Ok(all)
    }

    fn message(&mut self, depth: usize) -> Read<Message> {
        let name = self.name()?;
        self.body(name, depth)
    }

    fn body(&mut self, name: String, depth: usize) -> Read<Message> {
        let depth = depth.checked_sub(1);
        let depth = depth.ok_or_else(|| format!("message {name} is nested too deep"))?;
        let mut message = Message {
            name,
            ..Message::default()
        };
        self.sign('{')?;
        while !self.next_sign('}') {
            self.part(&mut message, depth)?;
        }
        Ok(message)
    }

    fn part(&mut self, message: &mut Message, depth: usize) -> Read<()> {
        if self.next_sign(';') {
            return Ok(());
        }
        // A field's type may be called like a keyword; what follows tells.
        let before = self.at;
        let word = self.path()?;
        match (word.as_str(), self.peek()) {
            ("message", Some(Word::Name(_))) => message.messages.push(self.message(depth)?),
            ("enum", Some(Word::Name(_))) => message.enums.push(self.enumeration()?),
            ("extend", Some(Word::Name(_))) => {
                let extend = self.extend(message, depth)?;
                message.extends.push(extend);
            }
            ("oneof", Some(Word::Name(_))) => self.oneof(message, depth)?,
            ("option", Some(Word::Name(_) | Word::Sign('('))) => {
                message.options.push(self.option()?);
                self.sign(';')?;
            }
            ("reserved", Some(Word::Number(_) | Word::Text(_) | Word::Sign('-'))) => {
                self.reserved(&mut message.reserved, &mut message.reserved_names)?;
            }
            ("extensions", Some(Word::Number(_))) => {
                self.ranges(&mut message.extensions)?;
                self.options()?;
                self.sign(';')?;
            }
            _ => {
                self.at = before;
                let field = self.field(message, None, depth)?;
                message.fields.push(field);
            }
        }
        Ok(())
    }

    fn oneof(&mut self, message: &mut Message, depth: usize) -> Read<()> {
        let at = message.oneofs.len();
        let name = self.name()?;
        message.oneofs.push(name);
        self.sign('{')?;
        while !self.next_sign('}') {
            if self.next_sign(';') {
                continue;
            }
            let is_option = self.next_name("option");
            if is_option && matches!(self.peek(), Some(Word::Name(_) | Word::Sign('('))) {
                self.option()?;
                self.sign(';')?;
                continue;
            }
            self.at -= usize::from(is_option);
            let field = self.field(message, Some(at), depth)?;
            message.fields.push(field);
        }
        Ok(())
    }

    fn field(&mut self, message: &mut Message, oneof: Option<usize>, depth: usize) -> Read<Field> {
        let label = if self.next_name("repeated") {
            Label::Repeated
        } else if self.next_name("required") {
            Label::Required
        } else if self.next_name("optional") {
            Label::Optional
        } else {
            Label::Unsaid
        };
        let kind = self.kind()?;
        let is_group = kind == Kind::Named("group".to_owned());
        let name = self.name()?;
        self.sign('=')?;
        let number = self.number()?;
        if !(1..=MAX_NUMBER).contains(&number) || (19_000..20_000).contains(&number) {
            return Err(format!("field {name} cannot have number {number}"));
        }
        let options = self.options()?;
        let (kind, name) = if is_group {
            message.messages.push(self.body(name.clone(), depth)?);
            (Kind::Group(name.clone()), name.to_ascii_lowercase())
        } else {
            self.sign(';')?;
            (kind, name)
        };
        Ok(Field {
            label,
            kind,
            name,
            number,
            options,
            oneof,
        })
    }

    fn kind(&mut self) -> Read<Kind> {
        let word = self.path()?;
        if word == "map" && self.next_sign('<') {
            let key = self.path()?;
            let is_key = !["double", "float", "bytes"].contains(&key.as_str());
            let Some(key) = scalar(&key).filter(|_| is_key) else {
                return Err(format!("{key} cannot be the key of a map"));
            };
            self.sign(',')?;
            let value = self.path()?;
            self.sign('>')?;
            return Ok(Kind::Map(key, Box::new(simple(value))));
        }
        Ok(simple(word))
    }

    fn extend(&mut self, holder: &mut Message, depth: usize) -> Read<Extend> {
        let of = self.path()?;
        self.sign('{')?;
        let mut fields = Vec::new();
        while !self.next_sign('}') {
            if !self.next_sign(';') {
                fields.push(self.field(holder, None, depth)?);
            }
        }
        Ok(Extend { of, fields })
    }

    fn enumeration(&mut self) -> Read<Enum> {
        let mut all = Enum {
            name: self.name()?,
            ..Enum::default()
        };
        self.sign('{')?;
        while !self.next_sign('}') {
            if self.next_sign(';') {
                continue;
            }
            let name = self.name()?;
            match (name.as_str(), self.peek()) {
                ("option", Some(Word::Name(_) | Word::Sign('('))) => {
                    all.options.push(self.option()?);
                }
                ("reserved", Some(Word::Number(_) | Word::Text(_) | Word::Sign('-'))) => {
                    self.reserved(&mut all.reserved, &mut all.reserved_names)?;
                    continue;
                }
                _ => {
                    self.sign('=')?;
                    let number = self.number()?;
                    let options = self.options()?;
                    all.values.push(EnumValue {
                        name,
                        number,
                        options,
                    });
                }
            }
            self.sign(';')?;
        }
        Ok(all)
    }

    fn reserved(&mut self, ranges: &mut Vec<Range>, names: &mut Vec<String>) -> Read<()> {
        if !matches!(self.peek(), Some(Word::Text(_))) {
            self.ranges(ranges)?;
            return self.sign(';');
        }
        loop {
            names.push(self.text()?);
            if !self.next_sign(',') {
                return self.sign(';');
            }
        }
    }

    fn ranges(&mut self, ranges: &mut Vec<Range>) -> Read<()> {
        loop {
            let first = self.number()?;
            let last = match self.next_name("to") {
                true if self.next_name("max") => MAX_NUMBER,
                true => self.number()?,
                false => first,
            };
            ranges.push((first, last));
            if !self.next_sign(',') {
                return Ok(());
            }
        }
    }
}

fn simple(word: String) -> Kind {
    scalar(&word).map_or(Kind::Named(word), Kind::Scalar)
}
