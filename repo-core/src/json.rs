//! JSON documents as columns.
//!
//! Both databases are given, and show, one text of a document (`json_canonical.rs`), which is what `written` makes.

pub(crate) mod members;
mod written;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::value::column_type::{ColumnType, class};
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
    const IS_CHECKED: bool = true;

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
    const IS_CHECKED: bool = true;

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
    written::text(document).map(|text| Value::Json(text.into()))
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
