//! A file from its descriptor, as clients of other languages register it: base64 of the bytes of a
//! `FileDescriptorProto`. Options beyond the usual ones are left out: no registry needs them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::{
    DEPTH, Enum, EnumValue, Extend, Field, File, Import, Kind, Label, MAX_NUMBER, Message, Method,
    Opt, Range, SCALARS, Service, Syntax,
};

/// Reads a descriptor; `None` for what is no base64, and so is text.
pub fn descriptor(text: &str) -> Option<Result<File, String>> {
    let bytes = BASE64.decode(text).ok().filter(|bytes| !bytes.is_empty())?;
    Some(file(&bytes).map_err(|why| format!("the descriptor: {why}")))
}

type Read<T> = Result<T, String>;

/// A value on the wire.
#[derive(Debug, Clone, Copy)]
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Skipped,
}

impl<'a> Value<'a> {
    fn bytes(self) -> Read<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err("bytes expected".to_owned()),
        }
    }

    fn text(self) -> Read<String> {
        let text = std::str::from_utf8(self.bytes()?);
        text.map(str::to_owned).map_err(|error| error.to_string())
    }

    fn number(self) -> Read<u64> {
        match self {
            Self::Number(number) => Ok(number),
            _ => Err("a number expected".to_owned()),
        }
    }

    /// An int32, which is written as 64 bits.
    fn int(self) -> Read<i32> {
        let number = self.number()?.cast_signed();
        i32::try_from(number).map_err(|_| format!("{number} is no int32"))
    }

    fn flag(self) -> Read<bool> {
        Ok(self.number()? != 0)
    }
}

/// The fields of a message, in their order.
fn fields(bytes: &[u8]) -> Read<Vec<(u64, Value<'_>)>> {
    let (mut rest, mut all) = (bytes, Vec::new());
    while !rest.is_empty() {
        let tag = varint(&mut rest)?;
        let value = match tag & 7 {
            0 => Value::Number(varint(&mut rest)?),
            1 => skip(&mut rest, 8)?,
            2 => {
                let length = varint(&mut rest)?;
                let length = usize::try_from(length).map_err(|error| error.to_string())?;
                let (own, others) = rest.split_at_checked(length).ok_or("it is cut off")?;
                rest = others;
                Value::Bytes(own)
            }
            5 => skip(&mut rest, 4)?,
            other => return Err(format!("no wire type: {other}")),
        };
        all.push((tag >> 3, value));
    }
    Ok(all)
}

fn skip<'a>(rest: &mut &'a [u8], length: usize) -> Read<Value<'a>> {
    let (_, others) = rest.split_at_checked(length).ok_or("it is cut off")?;
    *rest = others;
    Ok(Value::Skipped)
}

fn varint(rest: &mut &[u8]) -> Read<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, others) = rest.split_first().ok_or("it is cut off")?;
        *rest = others;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err("a number is too long".to_owned())
}

fn file(bytes: &[u8]) -> Read<File> {
    let mut file = File::default();
    let (mut public, mut weak) = (Vec::new(), Vec::new());
    for (number, value) in fields(bytes)? {
        match number {
            2 => file.package = value.text()?,
            3 => file.imports.push((value.text()?, Import::Plain)),
            4 => file.messages.push(message(value.bytes()?, DEPTH)?),
            5 => file.enums.push(enumeration(value.bytes()?)?),
            6 => file.services.push(service(value.bytes()?)?),
            7 => extend(&mut file.extends, value.bytes()?)?,
            8 => file.options = options(value.bytes()?, &FILE_OPTIONS)?,
            10 => public.push(value.int()?),
            11 => weak.push(value.int()?),
            12 => {
                file.syntax = match value.text()?.as_str() {
                    "proto3" => Syntax::Proto3,
                    "proto2" => Syntax::Proto2,
                    other => return Err(format!("syntax \"{other}\" is not known")),
                };
            }
            _ => {}
        }
    }
    for (indices, kind) in [(public, Import::Public), (weak, Import::Weak)] {
        for index in indices {
            let at = usize::try_from(index).ok();
            if let Some(import) = at.and_then(|at| file.imports.get_mut(at)) {
                import.1 = kind;
            }
        }
    }
    let syntax = file.syntax;
    file.messages.iter_mut().for_each(|one| settle(one, syntax));
    Ok(file)
}

/// Makes of a descriptor what its text says: maps of their entries, labels as they were written.
fn settle(message: &mut Message, syntax: Syntax) {
    let entries: Vec<Message> = message
        .messages
        .extract_if(.., |one| {
            one.options.iter().any(|opt| opt.name == "map_entry")
        })
        .collect();
    for field in &mut message.fields {
        let of_entry = |entry: &&Message| match &field.kind {
            Kind::Named(name) => name.rsplit('.').next() == Some(&entry.name),
            _ => false,
        };
        if let Some(entry) = entries.iter().find(of_entry) {
            let part = |number| entry.fields.iter().find(|one| one.number == number);
            if let (Some(key), Some(value)) = (part(1), part(2))
                && let Kind::Scalar(key) = key.kind
            {
                field.kind = Kind::Map(key, Box::new(value.kind.clone()));
                field.label = Label::Unsaid;
            }
        }
        let unsaid = syntax == Syntax::Proto3 || field.oneof.is_some();
        if field.label == Label::Optional && unsaid {
            field.label = Label::Unsaid;
        }
    }
    // An optional field of proto3 has a oneof for itself, which nobody wrote.
    let written = std::mem::take(&mut message.oneofs);
    let is_own = |name: &str| name.starts_with('\0');
    let mut places = Vec::new();
    for name in written {
        places.push((!is_own(&name)).then_some(message.oneofs.len()));
        if !is_own(&name) {
            message.oneofs.push(name);
        }
    }
    for field in &mut message.fields {
        let place = field.oneof.and_then(|at| places.get(at).copied());
        if place == Some(None) {
            field.label = Label::Optional;
        }
        field.oneof = place.flatten();
    }
    message
        .messages
        .iter_mut()
        .for_each(|one| settle(one, syntax));
}

fn message(bytes: &[u8], depth: usize) -> Read<Message> {
    let depth = depth.checked_sub(1).ok_or("messages are nested too deep")?;
    let mut message = Message::default();
    let mut alone = Vec::new();
    for (number, value) in fields(bytes)? {
        match number {
            1 => message.name = value.text()?,
            2 => {
                let (field, is_alone, _) = field(value.bytes()?)?;
                alone.extend(field.oneof.filter(|_| is_alone));
                message.fields.push(field);
            }
            3 => message.messages.push(self::message(value.bytes()?, depth)?),
            4 => message.enums.push(enumeration(value.bytes()?)?),
            5 => message.extensions.push(range(value.bytes()?, 1)?),
            6 => extend(&mut message.extends, value.bytes()?)?,
            7 => message.options = options(value.bytes()?, &MESSAGE_OPTIONS)?,
            8 => {
                let name = fields(value.bytes()?)?.into_iter().find(|(at, _)| *at == 1);
                message
                    .oneofs
                    .push(name.map_or(Ok(String::new()), |(_, name)| name.text())?);
            }
            9 => message.reserved.push(range(value.bytes()?, 1)?),
            10 => message.reserved_names.push(value.text()?),
            _ => {}
        }
    }
    for at in alone {
        if let Some(name) = message.oneofs.get_mut(at) {
            name.insert(0, '\0');
        }
    }
    Ok(message)
}

/// A field, whether it is alone in its oneof, and what it extends.
fn field(bytes: &[u8]) -> Read<(Field, bool, String)> {
    let mut field = Field {
        label: Label::Optional,
        kind: Kind::Scalar("int32"),
        name: String::new(),
        number: 0,
        options: Vec::new(),
        oneof: None,
    };
    let (mut kind, mut named, mut of) = (0, String::new(), String::new());
    let mut alone = false;
    for (number, value) in fields(bytes)? {
        match number {
            1 => field.name = value.text()?,
            2 => of = value.text()?,
            3 => field.number = value.int()?,
            4 => {
                field.label = match value.number()? {
                    3 => Label::Repeated,
                    2 => Label::Required,
                    _ => Label::Optional,
                };
            }
            5 => kind = value.number()?,
            6 => named = value.text()?,
            7 => {
                let text = value.text()?;
                field.options.insert(
                    0,
                    Opt {
                        name: "default".to_owned(),
                        value: text,
                    },
                );
            }
            8 => field
                .options
                .extend(options(value.bytes()?, &FIELD_OPTIONS)?),
            9 => field.oneof = usize::try_from(value.int()?).ok(),
            17 => alone = value.flag()?,
            _ => {}
        }
    }
    field.kind = kind_of(kind, named, &field.name)?;
    if !(1..=MAX_NUMBER).contains(&field.number) {
        return Err(format!(
            "field {} cannot have number {}",
            field.name, field.number
        ));
    }
    // A text's default is written without quotes there.
    if matches!(field.kind, Kind::Scalar("string" | "bytes"))
        && let Some(default) = field.options.iter_mut().find(|opt| opt.name == "default")
    {
        default.value = quoted(&default.value);
    }
    Ok((field, alone, of))
}

fn kind_of(kind: u64, named: String, field: &str) -> Read<Kind> {
    let scalar = SCALARS.iter().find(|(_, number)| *number == kind);
    Ok(match (scalar, kind) {
        (Some((name, _)), _) => Kind::Scalar(name),
        (None, 10) => Kind::Group(named.rsplit('.').next().unwrap_or_default().to_owned()),
        (None, 11 | 14) => Kind::Named(named),
        (None, 0) if !named.is_empty() => Kind::Named(named),
        (None, other) => return Err(format!("field {field}: no type: {other}")),
    })
}

fn extend(all: &mut Vec<Extend>, bytes: &[u8]) -> Read<()> {
    let (field, _, of) = field(bytes)?;
    match all.iter_mut().find(|extend| extend.of == of) {
        Some(extend) => extend.fields.push(field),
        None => all.push(Extend {
            of,
            fields: vec![field],
        }),
    }
    Ok(())
}

/// A range; its end is one behind its last number for messages (`past` 1), and the last for enums.
fn range(bytes: &[u8], past: i32) -> Read<Range> {
    let (mut first, mut last) = (0, 0);
    for (number, value) in fields(bytes)? {
        match number {
            1 => first = value.int()?,
            2 => last = value.int()?,
            _ => {}
        }
    }
    Ok((first, last.saturating_sub(past)))
}

fn enumeration(bytes: &[u8]) -> Read<Enum> {
    let mut all = Enum::default();
    for (number, value) in fields(bytes)? {
        match number {
            1 => all.name = value.text()?,
            2 => all.values.push(enum_value(value.bytes()?)?),
            3 => all.options = options(value.bytes()?, &ENUM_OPTIONS)?,
            4 => all.reserved.push(range(value.bytes()?, 0)?),
            5 => all.reserved_names.push(value.text()?),
            _ => {}
        }
    }
    Ok(all)
}

fn enum_value(bytes: &[u8]) -> Read<EnumValue> {
    let mut one = EnumValue {
        name: String::new(),
        number: 0,
        options: Vec::new(),
    };
    for (number, value) in fields(bytes)? {
        match number {
            1 => one.name = value.text()?,
            2 => one.number = value.int()?,
            3 => one.options = options(value.bytes()?, &VALUE_OPTIONS)?,
            _ => {}
        }
    }
    Ok(one)
}

fn method(bytes: &[u8]) -> Read<Method> {
    let mut method = Method {
        name: String::new(),
        input: (String::new(), false),
        output: (String::new(), false),
        options: Vec::new(),
    };
    for (number, value) in fields(bytes)? {
        match number {
            1 => method.name = value.text()?,
            2 => method.input.0 = value.text()?,
            3 => method.output.0 = value.text()?,
            5 => method.input.1 = value.flag()?,
            6 => method.output.1 = value.flag()?,
            _ => {}
        }
    }
    Ok(method)
}

fn service(bytes: &[u8]) -> Read<Service> {
    let mut service = Service::default();
    for (number, value) in fields(bytes)? {
        match number {
            1 => service.name = value.text()?,
            2 => service.methods.push(method(value.bytes()?)?),
            _ => {}
        }
    }
    Ok(service)
}

/// Whether an option is a switch or a text.
pub(super) type Known = (u64, &'static str, bool);
pub(super) const FILE_OPTIONS: [Known; 6] = [
    (1, "java_package", false),
    (8, "java_outer_classname", false),
    (10, "java_multiple_files", true),
    (11, "go_package", false),
    (23, "deprecated", true),
    (37, "csharp_namespace", false),
];
pub(super) const MESSAGE_OPTIONS: [Known; 2] = [(3, "deprecated", true), (7, "map_entry", true)];
pub(super) const FIELD_OPTIONS: [Known; 2] = [(2, "packed", true), (3, "deprecated", true)];
pub(super) const ENUM_OPTIONS: [Known; 2] = [(2, "allow_alias", true), (3, "deprecated", true)];
pub(super) const VALUE_OPTIONS: [Known; 1] = [(1, "deprecated", true)];

fn options(bytes: &[u8], known: &[Known]) -> Read<Vec<Opt>> {
    let mut all = Vec::new();
    for (number, value) in fields(bytes)? {
        let Some((_, name, is_switch)) = known.iter().find(|(at, ..)| *at == number) else {
            continue;
        };
        let value = match is_switch {
            true => value.flag()?.to_string(),
            false => quoted(&value.text()?),
        };
        all.push(Opt {
            name: (*name).to_owned(),
            value,
        });
    }
    Ok(all)
}

fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace('\n', "\\n"))
}
