//! Whether the defaults of fields are values of their types.

use serde_json::Value;

use super::{Form, Primitive, Schema, Type};

/// A record's default may lean on defaults of its fields, which may lean on it.
const DEPTH: usize = 64;

/// The first default that does not fit, named.
pub fn check(schema: &Schema) -> Result<(), String> {
    for (name, named) in &schema.named {
        let Form::Record { fields, .. } = &named.form else {
            continue;
        };
        for field in fields {
            if let Some(default) = &field.default
                && !fits(schema, default, &field.kind, DEPTH)
            {
                let field = &field.name;
                return Err(format!(
                    "invalid default for field \"{name}.{field}\": {default}"
                ));
            }
        }
    }
    Ok(())
}

fn fits(schema: &Schema, value: &Value, kind: &Type, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    match kind {
        Type::Primitive(primitive, _) => is_primitive(value, *primitive),
        Type::Array(items, _) => value.as_array().is_some_and(|all| {
            let mut all = all.iter();
            all.all(|one| fits(schema, one, items, depth))
        }),
        Type::Map(values, _) => value.as_object().is_some_and(|all| {
            let mut all = all.values();
            all.all(|one| fits(schema, one, values, depth))
        }),
        Type::Union(branches) => {
            let mut branches = branches.iter();
            branches.any(|branch| fits(schema, value, branch, depth))
        }
        Type::Named(name) => match schema.named.get(name).map(|named| &named.form) {
            Some(Form::Enum { symbols, .. }) => value
                .as_str()
                .is_some_and(|text| symbols.iter().any(|one| one == text)),
            Some(Form::Fixed(_)) => is_bytes(value),
            Some(Form::Record { fields, .. }) => value.as_object().is_some_and(|map| {
                fields.iter().all(|field| {
                    let own = map.get(&field.name).or(field.default.as_ref());
                    own.is_some_and(|own| fits(schema, own, &field.kind, depth))
                })
            }),
            None => false,
        },
    }
}

fn is_primitive(value: &Value, primitive: Primitive) -> bool {
    match primitive {
        Primitive::Null => value.is_null(),
        Primitive::Boolean => value.is_boolean(),
        Primitive::Int => value
            .as_i64()
            .is_some_and(|number| i32::try_from(number).is_ok()),
        Primitive::Long => value.as_i64().is_some(),
        Primitive::Float | Primitive::Double => value.is_number(),
        Primitive::String => value.is_string(),
        Primitive::Bytes => is_bytes(value),
    }
}

/// Bytes are written as text whose characters are below 256.
fn is_bytes(value: &Value) -> bool {
    let text = value.as_str();
    text.is_some_and(|text| text.chars().all(|letter| u32::from(letter) < 256))
}
