//! `bool`, `String`, `Vec<u8>` and `Uuid`: stored as they are.

use std::borrow::Cow;

use uuid::Uuid;

use super::mismatch;
use crate::backend::Row;
use crate::value::column_type::{ColumnType, class, read_some};
use crate::value::{InvalidValue, Kind, Value};

impl ColumnType for bool {
    type Bare = Self;
    type Class = class::Bool;
    const KIND: Kind = Kind::Bool;
    const IS_CHECKED: bool = true;

    #[inline]
    fn encode(&self, _: Kind) -> Result<Value<'_>, InvalidValue> {
        Ok(Value::Bool(*self))
    }

    fn decode(value: Value<'_>) -> Result<Self, InvalidValue> {
        match value {
            Value::Bool(value) => Ok(value),
            other => Err(mismatch("a boolean", &other)),
        }
    }

    read_by!(|row, index| row.boolean(index));
}

impl ColumnType for String {
    type Bare = Self;
    type Class = class::Text;
    const KIND: Kind = Kind::Text;
    const IS_CHECKED: bool = true;

    #[inline]
    fn encode(&self, _: Kind) -> Result<Value<'_>, InvalidValue> {
        check_text(self)?;
        Ok(Value::Text(Cow::Borrowed(self)))
    }

    fn decode(value: Value<'_>) -> Result<Self, InvalidValue> {
        match value {
            Value::Text(text) => Ok(text.into_owned()),
            other => Err(mismatch("text", &other)),
        }
    }

    read_by!(|row, index| row.text(index).map(str::to_owned));
}

impl ColumnType for Vec<u8> {
    type Bare = Self;
    type Class = class::Bytes;
    const KIND: Kind = Kind::Bytes;
    const IS_CHECKED: bool = true;

    #[inline]
    fn encode(&self, _: Kind) -> Result<Value<'_>, InvalidValue> {
        Ok(Value::Bytes(Cow::Borrowed(self)))
    }

    fn decode(value: Value<'_>) -> Result<Self, InvalidValue> {
        match value {
            Value::Bytes(bytes) => Ok(bytes.into_owned()),
            other => Err(mismatch("bytes", &other)),
        }
    }
}

impl ColumnType for Uuid {
    type Bare = Self;
    type Class = class::Uuid;
    const KIND: Kind = Kind::Uuid;
    const IS_CHECKED: bool = true;

    #[inline]
    fn encode(&self, _: Kind) -> Result<Value<'_>, InvalidValue> {
        Ok(Value::Uuid(*self))
    }

    fn decode(value: Value<'_>) -> Result<Self, InvalidValue> {
        match value {
            Value::Uuid(value) => Ok(value),
            other => Err(mismatch("a UUID", &other)),
        }
    }

    read_by!(|row, index| row.uuid(index));
}

/// Postgres stores no NUL.
#[inline]
pub(crate) fn check_text(text: &str) -> Result<(), InvalidValue> {
    if text.as_bytes().contains(&0) {
        return Err(InvalidValue::new("holds a NUL character"));
    }
    Ok(())
}
