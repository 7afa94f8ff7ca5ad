//! JSON documents as columns.
//!
//! Both databases are given, and show, one text of a document (`json_canonical.rs`). Floats are written
//! without exponents and always with a decimal point, because `jsonb` would turn `1e16` into an integer.

use std::borrow::Cow;
use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::ser::Formatter;

use crate::column_type::{ColumnType, class};
use crate::json_canonical::{DEEPEST, canonical};
use crate::value::{InvalidValue, Kind, Value};

/// Any serde type as a JSON column: what `#[repository(json)]` makes of a field's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Json<T>(pub T);

impl<T> ColumnType for Json<T>
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    type Bare = Self;
    type Class = class::Json;
    const KIND: Kind = Kind::Json;

    fn encode(&self, _: Kind) -> Result<Value<'_>, InvalidValue> {
        to_value(&self.0)
    }

    fn decode(value: Value<'_>) -> Result<Self, InvalidValue> {
        from_value(value).map(Self)
    }
}

impl ColumnType for serde_json::Value {
    type Bare = Self;
    type Class = class::Json;
    const KIND: Kind = Kind::Json;

    fn encode(&self, _: Kind) -> Result<Value<'_>, InvalidValue> {
        to_value(self)
    }

    fn decode(value: Value<'_>) -> Result<Self, InvalidValue> {
        from_value(value)
    }
}

impl<T> From<T> for Json<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

/// The document as a value.
pub(crate) fn to_value<'a, T: Serialize>(document: &T) -> Result<Value<'a>, InvalidValue> {
    let mut text = Vec::with_capacity(128);
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, Plain::default());
    document
        .serialize(&mut serializer)
        .map_err(|error| InvalidValue::new(format!("is not JSON: {error}")))?;
    let text =
        String::from_utf8(text).map_err(|_| InvalidValue::new("is not JSON: it is not UTF-8"))?;
    let reordered = match canonical(&text)? {
        Cow::Borrowed(_) => None,
        Cow::Owned(text) => Some(text),
    };
    Ok(Value::Json(reordered.unwrap_or(text).into()))
}

/// The document of a value.
pub(crate) fn from_value<T: DeserializeOwned>(value: Value<'_>) -> Result<T, InvalidValue> {
    match value {
        // An `Option` field is NULL in the database only where the column is an `Option` of `Json`.
        Value::Json(text) => from_text(&text),
        Value::Null(_) => Err(InvalidValue::new("is NULL")),
        _ => Err(InvalidValue::new("is not JSON")),
    }
}

/// The document of a value, unless it is `NULL`.
pub(crate) fn from_nullable<T: DeserializeOwned>(
    value: Value<'_>,
) -> Result<Option<T>, InvalidValue> {
    if value.is_null() { Ok(None) } else { from_value(value).map(Some) }
}

/// The document in a text.
pub(crate) fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, InvalidValue> {
    serde_json::from_str(text)
        .map_err(|error| InvalidValue::new(format!("does not fit its type: {}", place(&error))))
}

/// What is wrong and where, without serde's quotes of the document itself.
fn place(error: &serde_json::Error) -> String {
    format!("{:?} error at line {} column {}", error.classify(), error.line(), error.column())
}

/// Writes plain numbers and the spaces of `jsonb`, and stops at a document that would not be read again.
#[derive(Default)]
struct Plain {
    depth: usize,
}

impl Plain {
    fn enter(&mut self) -> io::Result<()> {
        self.depth += 1;
        if self.depth <= DEEPEST {
            return Ok(());
        }
        Err(io::Error::other(format!("it is nested deeper than {DEEPEST}")))
    }
}

impl Formatter for Plain {
    // Adding zero takes the sign off `-0.0`, which `jsonb` does not keep, and changes nothing else.
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        write_plain(writer, &(value + 0.0).to_string())
    }

    fn write_f32<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        write_plain(writer, &(value + 0.0).to_string())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.enter()?;
        writer.write_all(b"[")
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(b"]")
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.enter()?;
        writer.write_all(b"{")
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(b"}")
    }
}

fn write_plain<W: ?Sized + io::Write>(writer: &mut W, number: &str) -> io::Result<()> {
    writer.write_all(number.as_bytes())?;
    if number.contains('.') { Ok(()) } else { writer.write_all(b".0") }
}
