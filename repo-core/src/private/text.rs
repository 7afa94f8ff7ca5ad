//! The text of an enum's column.

use std::borrow::Cow;

use crate::value::Value;

/// The name of a variant as a value.
pub fn text(name: &'static str) -> Value<'static> {
    Value::Text(Cow::Borrowed(name))
}

/// The name of a variant in a value; `None` when it is no text.
pub fn as_text<'a>(value: &'a Value<'_>) -> Option<&'a str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}
