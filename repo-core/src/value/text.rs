//! A value as text that people and other programs read, and back: in filters from data and in exports.
//!
//! What is written is read as the same value, bit by bit, whatever the database. Unlike images of the audit
//! trail, which are hashed, floats are written as numbers: with as few digits as tell them apart.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use crate::audit::{image, image_read};
use crate::schema::table::ColumnDef;
use crate::similar;
use crate::value::column_type::ColumnType;
use crate::value::{InvalidValue, Kind, Value};

/// The value as text; `NULL` has none, and a list neither.
pub(crate) fn text<'v>(value: &'v Value<'_>) -> Cow<'v, str> {
    match value {
        // The shortest digits, with an exponent where there would be many: JSON writes numbers alike.
        Value::F32(value) => format!("{value:?}").into(),
        Value::F64(value) => format!("{value:?}").into(),
        value => image::text(value),
    }
}

/// The value that [`text`] wrote, if a column like this can hold it. Times take any offset.
pub(crate) fn read(text: &str, column: &ColumnDef) -> Result<Value<'static>, InvalidValue> {
    let wrong = || InvalidValue::new(format!("is not {}", kind_in_words(column.kind)));
    let value = match column.kind {
        Kind::Bool => match text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => return Err(wrong()),
        },
        Kind::F32 => Value::F32(text.parse().map_err(|_| wrong())?),
        Kind::F64 => Value::F64(text.parse().map_err(|_| wrong())?),
        Kind::Decimal { precision, scale } => decimal(text, precision, scale)?,
        kind => image_read::read(text, kind).ok_or_else(wrong)?,
    };
    fitting(value, column)
}

/// The value as a column like this stores it.
fn fitting(value: Value<'_>, column: &ColumnDef) -> Result<Value<'static>, InvalidValue> {
    match value {
        Value::F32(value) => stored(&value),
        Value::F64(value) => stored(&value),
        Value::Timestamp(value) => stored::<DateTime<Utc>>(&value),
        Value::Date(value) => stored::<NaiveDate>(&value),
        Value::Time(value) => stored::<NaiveTime>(&value),
        Value::Text(text) => {
            if !column.variants.is_empty() && !column.variants.contains(&&*text) {
                let known = similar::list(column.variants.iter().copied());
                return Err(InvalidValue::new(format!("is none of {known}")));
            }
            stored::<String>(&text.into_owned())
        }
        value => Ok(value.into_owned()),
    }
}

fn stored<T: ColumnType>(value: &T) -> Result<Value<'static>, InvalidValue> {
    value.encode(T::KIND).map(Value::into_owned)
}

fn decimal(text: &str, precision: u8, scale: u8) -> Result<Value<'static>, InvalidValue> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_digit = |c: char| c.is_ascii_digit() || c == '.';
    let has_digits = digits.contains(|c: char| c.is_ascii_digit());
    if !has_digits || !digits.chars().all(is_digit) || digits.matches('.').count() > 1 {
        return Err(InvalidValue::new("is not a decimal number"));
    }
    let fraction = digits.split_once('.').map_or("", |(_, fraction)| fraction);
    if fraction.trim_end_matches('0').len() > usize::from(scale) {
        return Err(InvalidValue::new(format!("has more than {scale} digits after the point")));
    }
    let value = image_read::read(text, Kind::Decimal { precision, scale });
    value
        .filter(|value| match value {
            Value::Decimal { units, .. } => units.unsigned_abs() < 10_u64.pow(u32::from(precision)),
            _ => false,
        })
        .map(Value::into_owned)
        .ok_or_else(|| {
            let before = precision - scale;
            InvalidValue::new(format!("has more than {before} digits before the point"))
        })
}

/// What a column of this kind holds, as it completes "is not ..".
pub(crate) fn kind_in_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "`true` or `false`",
        Kind::I16 => "a 16-bit integer",
        Kind::I32 => "a 32-bit integer",
        Kind::I64 => "a 64-bit integer",
        Kind::F32 => "a 32-bit float",
        Kind::F64 => "a 64-bit float",
        Kind::Text => "a text",
        Kind::Bytes => "bytes in hexadecimal digits",
        Kind::Uuid => "a UUID",
        Kind::Timestamp => "a moment like `2026-01-31T23:59:59.000001+00:00`",
        Kind::Date => "a day like `2026-01-31`",
        Kind::Time => "a time of day like `23:59:59.000001`",
        Kind::Decimal { .. } => "a decimal number",
        Kind::Json => "a JSON document",
    }
}
