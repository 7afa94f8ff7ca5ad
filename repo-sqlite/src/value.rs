//! How a value is stored: bound to a statement, and read where it lies in a row.
//!
//! The table of mappings is at [`Kind`]. A value is stored the way sqlx stores its type on SQLite, so
//! that hand-written queries read the same rows. What the stored form must fulfil beside its type is
//! in `dialect.rs`.

pub(crate) mod temporal;

use std::borrow::Cow;
use std::ffi::CStr;

use repo_core::{InvalidValue, Kind, Value};
use rusqlite::Statement;
use rusqlite::types::{Null, ToSqlOutput, Value as Stored, ValueRef};
use uuid::Uuid;

use crate::error::Failure;
use crate::value::temporal::{
    date_text, parse_date, parse_time, parse_timestamp, time_text, timestamp_text,
};

/// What `rarray` knows its lists by.
const LIST: &CStr = c"rarray";

/// Binds `value` as parameter `index`, counted from 1.
pub(crate) fn bind(
    statement: &mut Statement<'_>,
    index: usize,
    value: &Value<'_>,
) -> Result<(), Failure> {
    let invalid = |reason| Failure::invalid_parameter(index, reason);
    match value {
        Value::Null(_) => statement.raw_bind_parameter(index, Null)?,
        Value::Bool(value) => statement.raw_bind_parameter(index, value)?,
        Value::I16(value) => statement.raw_bind_parameter(index, value)?,
        Value::I32(value) => statement.raw_bind_parameter(index, value)?,
        Value::I64(value) => statement.raw_bind_parameter(index, value)?,
        Value::F32(value) => statement.raw_bind_parameter(index, f64::from(*value))?,
        Value::F64(value) => statement.raw_bind_parameter(index, value)?,
        Value::Text(value) | Value::Json(value) => {
            statement.raw_bind_parameter(index, value.as_ref())?;
        }
        Value::Bytes(value) => statement.raw_bind_parameter(index, value.as_ref())?,
        Value::Uuid(value) => statement.raw_bind_parameter(index, value.as_bytes().as_slice())?,
        Value::Timestamp(value) => {
            let text = timestamp_text(*value).map_err(invalid)?;
            statement.raw_bind_parameter(index, ascii(&text))?;
        }
        Value::Date(value) => {
            statement.raw_bind_parameter(index, ascii(&date_text(*value).map_err(invalid)?))?;
        }
        Value::Time(value) => {
            statement.raw_bind_parameter(index, ascii(&time_text(*value).map_err(invalid)?))?;
        }
        Value::Decimal { units, .. } => statement.raw_bind_parameter(index, units)?,
        Value::List(_, values) => {
            let list: Result<Vec<Stored>, _> = values.iter().map(stored).collect();
            let list = list.map_err(invalid)?;
            // Not as an `Array`: what rusqlite 0.39 makes of that frees the counter and not the list.
            statement.raw_bind_parameter(index, ToSqlOutput::new_boxed(list, LIST))?;
        }
        _ => return Err(invalid(InvalidValue::new("is of a kind that SQLite does not store"))),
    }
    Ok(())
}

/// An owned copy in its stored form: what the list of an `IN` is made of.
fn stored(value: &Value<'_>) -> Result<Stored, InvalidValue> {
    Ok(match value {
        Value::Null(_) => Stored::Null,
        Value::Bool(value) => Stored::Integer(i64::from(*value)),
        Value::I16(value) => Stored::Integer(i64::from(*value)),
        Value::I32(value) => Stored::Integer(i64::from(*value)),
        Value::I64(value) => Stored::Integer(*value),
        Value::F32(value) => Stored::Real(f64::from(*value)),
        Value::F64(value) => Stored::Real(*value),
        Value::Text(value) | Value::Json(value) => Stored::Text(value.clone().into_owned()),
        Value::Bytes(value) => Stored::Blob(value.clone().into_owned()),
        Value::Uuid(value) => Stored::Blob(value.as_bytes().to_vec()),
        Value::Timestamp(value) => Stored::Text(ascii(&timestamp_text(*value)?).to_owned()),
        Value::Date(value) => Stored::Text(ascii(&date_text(*value)?).to_owned()),
        Value::Time(value) => Stored::Text(ascii(&time_text(*value)?).to_owned()),
        Value::Decimal { units, .. } => Stored::Integer(*units),
        _ => return Err(InvalidValue::new("is of a kind that no list holds")),
    })
}

/// The stored value, read as `kind`.
pub(crate) fn read(stored: ValueRef<'_>, kind: Kind) -> Result<Value<'_>, InvalidValue> {
    match (stored, kind) {
        (ValueRef::Null, kind) => Ok(Value::Null(kind)),
        (ValueRef::Integer(value), kind) => read_integer(value, kind),
        (ValueRef::Real(value), kind) => read_real(value, kind),
        (ValueRef::Text(value), kind) => {
            let text = str::from_utf8(value).map_err(|_| InvalidValue::new("is not UTF-8"))?;
            read_text(text, kind)
        }
        (ValueRef::Blob(value), Kind::Bytes) => Ok(Value::Bytes(Cow::Borrowed(value))),
        (ValueRef::Blob(value), Kind::Uuid) => Uuid::from_slice(value)
            .map(Value::Uuid)
            .map_err(|_| InvalidValue::new("is not a UUID of 16 bytes")),
        (ValueRef::Blob(_), kind) => Err(mismatch(kind)),
    }
}

fn read_integer<'a>(value: i64, kind: Kind) -> Result<Value<'a>, InvalidValue> {
    match kind {
        Kind::I64 => Ok(Value::I64(value)),
        Kind::I32 => i32::try_from(value).map(Value::I32).map_err(|_| mismatch(kind)),
        Kind::I16 => i16::try_from(value).map(Value::I16).map_err(|_| mismatch(kind)),
        Kind::Bool if value == 0 || value == 1 => Ok(Value::Bool(value == 1)),
        Kind::Decimal { scale, .. } => Ok(Value::Decimal { units: value, scale }),
        // A sum of a REAL column is an integer where there is no row to add.
        Kind::F64 | Kind::F32 => read_real(value as f64, kind),
        _ => Err(mismatch(kind)),
    }
}

fn read_real<'a>(value: f64, kind: Kind) -> Result<Value<'a>, InvalidValue> {
    match kind {
        Kind::F64 if value.is_finite() => Ok(Value::F64(value)),
        Kind::F32 if (value as f32).is_finite() => Ok(Value::F32(value as f32)),
        _ => Err(mismatch(kind)),
    }
}

fn read_text(text: &str, kind: Kind) -> Result<Value<'_>, InvalidValue> {
    match kind {
        Kind::Text => Some(Value::Text(Cow::Borrowed(text))),
        Kind::Json => Some(Value::Json(Cow::Borrowed(text))),
        Kind::Timestamp => parse_timestamp(text).map(Value::Timestamp),
        Kind::Date => parse_date(text).map(Value::Date),
        Kind::Time => parse_time(text).map(Value::Time),
        _ => None,
    }
    .ok_or_else(|| mismatch(kind))
}

/// The error for a stored value that is none of `kind`.
#[cold]
fn mismatch(kind: Kind) -> InvalidValue {
    InvalidValue::new(match kind {
        Kind::Bool => "is not 0 or 1",
        Kind::I16 => "is not an integer of 16 bits",
        Kind::I32 => "is not an integer of 32 bits",
        Kind::I64 => "is not an integer",
        Kind::F32 | Kind::F64 => "is not a finite number",
        Kind::Text => "is not text",
        Kind::Bytes => "is not a blob",
        Kind::Uuid => "is not a UUID of 16 bytes",
        Kind::Timestamp => "is not a timestamp such as `2026-01-31T23:59:59.000001+00:00`",
        Kind::Date => "is not a date such as `2026-01-31`",
        Kind::Time => "is not a time of day such as `23:59:59.000001`",
        Kind::Decimal { .. } => "is not a scaled integer",
        Kind::Json => "is not JSON text",
        _ => "is of a kind that SQLite does not store",
    })
}

/// The fixed-width texts are digits and punctuation.
fn ascii(text: &[u8]) -> &str {
    str::from_utf8(text).expect("digits and punctuation are UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_out_of_range_is_refused() {
        for (value, kind) in [
            (32_768, Kind::I16),
            (-32_769, Kind::I16),
            (1 << 31, Kind::I32),
            (2, Kind::Bool),
            (-1, Kind::Bool),
            (0, Kind::Text),
        ] {
            assert!(read(ValueRef::Integer(value), kind).is_err(), "{value} as {kind:?}");
        }
        assert_eq!(read(ValueRef::Integer(-32_768), Kind::I16), Ok(Value::I16(-32_768)));
        assert_eq!(read(ValueRef::Integer(1), Kind::Bool), Ok(Value::Bool(true)));
    }

    #[test]
    fn a_float_must_be_finite_and_fit() {
        assert!(read(ValueRef::Real(f64::INFINITY), Kind::F64).is_err());
        assert!(read(ValueRef::Real(1e39), Kind::F32).is_err());
        assert!(read(ValueRef::Real(1.0), Kind::I64).is_err());
        let widened = f64::from(f32::MAX);
        assert_eq!(read(ValueRef::Real(widened), Kind::F32), Ok(Value::F32(f32::MAX)));
    }

    #[test]
    fn a_reason_never_quotes_the_value() {
        let secret = read(ValueRef::Text(b"4111 1111"), Kind::Timestamp).expect_err("no moment");
        assert!(!secret.reason().contains("4111"), "{secret}");
        assert!(read(ValueRef::Text(b"\xff"), Kind::Text).is_err());
        assert!(read(ValueRef::Blob(&[0; 15]), Kind::Uuid).is_err());
    }
}
