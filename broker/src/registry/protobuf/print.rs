//! A file as text: always the same for the same file.

use std::fmt::Write as _;

use super::{
    Enum, Extend, Field, File, Import, Kind, Label, MAX_NUMBER, Message, Method, Opt, Range,
    Service, Syntax,
};

impl File {
    /// The text.
    pub fn text(&self) -> String {
        let mut out = Printer::default();
        let syntax = match self.syntax {
            Syntax::Proto2 => "proto2",
            Syntax::Proto3 => "proto3",
        };
        out.line(&format!("syntax = \"{syntax}\";"));
        if !self.package.is_empty() {
            out.line(&format!("package {};", self.package));
        }
        out.gap();
        for (name, kind) in &self.imports {
            let kind = match kind {
                Import::Plain => "",
                Import::Public => "public ",
                Import::Weak => "weak ",
            };
            out.line(&format!("import {kind}\"{name}\";"));
        }
        out.gap();
        out.options(&self.options);
        for message in &self.messages {
            out.gap();
            out.message(message, "message ");
        }
        for one in &self.enums {
            out.gap();
            out.enumeration(one);
        }
        for extend in &self.extends {
            out.gap();
            out.extend(extend, &self.messages);
        }
        for service in &self.services {
            out.gap();
            out.service(service);
        }
        out.text
    }
}

#[derive(Default)]
struct Printer {
    text: String,
    indent: usize,
    /// An empty line is due before the next one.
    gap: bool,
}

impl Printer {
    fn gap(&mut self) {
        self.gap = !self.text.is_empty();
    }

    fn line(&mut self, line: &str) {
        if std::mem::take(&mut self.gap) {
            self.text.push('\n');
        }
        let indent = self.indent * 2;
        let _written = writeln!(self.text, "{:indent$}{line}", "");
    }

    fn open(&mut self, line: &str) {
        self.line(&format!("{line} {{"));
        self.indent += 1;
    }

    fn close(&mut self) {
        self.gap = false;
        self.indent -= 1;
        self.line("}");
    }

    fn options(&mut self, options: &[Opt]) {
        for Opt { name, value } in sorted(options) {
            self.line(&format!("option {name} = {value};"));
        }
    }

    fn message(&mut self, message: &Message, head: &str) {
        self.open(&format!("{head}{}", message.name));
        self.inside(message);
        self.close();
    }

    fn inside(&mut self, message: &Message) {
        self.options(&message.options);
        self.reserved(&message.reserved, &message.reserved_names, MAX_NUMBER);
        if !message.extensions.is_empty() {
            let ranges = ranges(&message.extensions, MAX_NUMBER);
            self.line(&format!("extensions {ranges};"));
        }
        let is_group = |name: &str| {
            let extends = message.extends.iter().flat_map(|extend| &extend.fields);
            let mut all = message.fields.iter().chain(extends);
            all.any(|field| field.kind == Kind::Group(name.to_owned()))
        };
        for field in message.fields.iter().filter(|field| field.oneof.is_none()) {
            self.field(field, &message.messages);
        }
        for (at, name) in message.oneofs.iter().enumerate() {
            self.open(&format!("oneof {name}"));
            for field in message
                .fields
                .iter()
                .filter(|field| field.oneof == Some(at))
            {
                self.field(field, &message.messages);
            }
            self.close();
        }
        for inner in message
            .messages
            .iter()
            .filter(|inner| !is_group(&inner.name))
        {
            self.message(inner, "message ");
        }
        for one in &message.enums {
            self.enumeration(one);
        }
        for extend in &message.extends {
            self.extend(extend, &message.messages);
        }
    }

    fn field(&mut self, field: &Field, messages: &[Message]) {
        let label = match field.label {
            Label::Repeated => "repeated ",
            Label::Required => "required ",
            Label::Optional => "optional ",
            Label::Unsaid => "",
        };
        let listed = listed(&field.options);
        let number = field.number;
        if let Kind::Group(name) = &field.kind {
            self.open(&format!("{label}group {name} = {number}{listed}"));
            if let Some(message) = messages.iter().find(|one| one.name == *name) {
                self.inside(message);
            }
            self.close();
            return;
        }
        let kind = kind(&field.kind);
        self.line(&format!("{label}{kind} {} = {number}{listed};", field.name));
    }

    fn extend(&mut self, extend: &Extend, messages: &[Message]) {
        self.open(&format!("extend {}", extend.of));
        for field in &extend.fields {
            self.field(field, messages);
        }
        self.close();
    }

    fn enumeration(&mut self, one: &Enum) {
        self.open(&format!("enum {}", one.name));
        self.options(&one.options);
        self.reserved(&one.reserved, &one.reserved_names, i32::MAX);
        for value in &one.values {
            let listed = listed(&value.options);
            self.line(&format!("{} = {}{listed};", value.name, value.number));
        }
        self.close();
    }

    fn reserved(&mut self, numbers: &[Range], names: &[String], max: i32) {
        if !numbers.is_empty() {
            let ranges = ranges(numbers, max);
            self.line(&format!("reserved {ranges};"));
        }
        if !names.is_empty() {
            let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
            self.line(&format!("reserved {};", names.join(", ")));
        }
    }

    fn service(&mut self, service: &Service) {
        self.open(&format!("service {}", service.name));
        self.options(&service.options);
        for Method {
            name,
            input,
            output,
            options,
        } in &service.methods
        {
            let head = format!("rpc {name} {} returns {}", side(input), side(output));
            if options.is_empty() {
                self.line(&format!("{head};"));
            } else {
                self.open(&head);
                self.options(options);
                self.close();
            }
        }
        self.close();
    }
}

fn side((name, is_stream): &(String, bool)) -> String {
    let stream = if *is_stream { "stream " } else { "" };
    format!("({stream}{name})")
}

fn sorted(options: &[Opt]) -> Vec<&Opt> {
    let mut all: Vec<&Opt> = options.iter().collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

fn listed(options: &[Opt]) -> String {
    if options.is_empty() {
        return String::new();
    }
    let all = sorted(options).into_iter();
    let all: Vec<String> = all
        .map(|opt| format!("{} = {}", opt.name, opt.value))
        .collect();
    format!(" [{}]", all.join(", "))
}

fn ranges(all: &[Range], max: i32) -> String {
    let told = all.iter().map(|(first, last)| match (first, last) {
        (first, last) if first == last => first.to_string(),
        (first, last) if *last == max => format!("{first} to max"),
        (first, last) => format!("{first} to {last}"),
    });
    told.collect::<Vec<_>>().join(", ")
}

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Scalar(name) => (*name).to_owned(),
        Kind::Named(name) | Kind::Group(name) => name.clone(),
        Kind::Map(key, value) => format!("map<{key}, {}>", self::kind(value)),
    }
}
