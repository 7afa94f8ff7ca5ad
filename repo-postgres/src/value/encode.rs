//! A value as the bytes of the binary format.
//!
//! `typsend` and `typreceive` of each type in the server's source are the specification. A value that
//! is out of a type's range is left for the server to refuse.

use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};
use repo_core::{InvalidValue, Kind, Value};

use super::{numeric, oid};

/// 2000-01-01 in microseconds since 1970: where Postgres counts from.
pub(super) const EPOCH_MICROS: i64 = 946_684_800_000_000;
/// 2000-01-01 in days since the first day of year 1, which is day 1.
pub(super) const EPOCH_DAYS: i32 = 730_120;
/// The version of the binary format of `jsonb`.
pub(super) const JSONB_VERSION: u8 = 1;

/// Appends the value, which is not `NULL`.
///
/// # Errors
///
/// When the value is of a kind that is newer than this crate.
pub(crate) fn write(value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), InvalidValue> {
    match value {
        Value::Bool(value) => out.push(u8::from(*value)),
        Value::I16(value) => out.extend_from_slice(&value.to_be_bytes()),
        Value::I32(value) => out.extend_from_slice(&value.to_be_bytes()),
        Value::I64(value) => out.extend_from_slice(&value.to_be_bytes()),
        Value::F32(value) => out.extend_from_slice(&value.to_be_bytes()),
        Value::F64(value) => out.extend_from_slice(&value.to_be_bytes()),
        Value::Text(value) => out.extend_from_slice(value.as_bytes()),
        Value::Bytes(value) => out.extend_from_slice(value),
        Value::Uuid(value) => out.extend_from_slice(value.as_bytes()),
        Value::Timestamp(value) => {
            out.extend_from_slice(&(value.timestamp_micros() - EPOCH_MICROS).to_be_bytes());
        }
        Value::Date(value) => out.extend_from_slice(&days(*value).to_be_bytes()),
        Value::Time(value) => out.extend_from_slice(&micros(*value).to_be_bytes()),
        Value::Decimal { units, scale } => numeric::write(*units, *scale, out),
        Value::Json(value) => {
            out.push(JSONB_VERSION);
            out.extend_from_slice(value.as_bytes());
        }
        Value::List(kind, values) => write_array(*kind, values, out)?,
        _ => return Err(InvalidValue::new("is of a kind that this backend does not store")),
    }
    Ok(())
}

/// How many bytes the value takes: exactly where that is known at a glance, and otherwise about so many.
pub(super) fn size(value: &Value<'_>) -> usize {
    match value {
        Value::Null(_) => 0,
        Value::Text(text) => text.len(),
        Value::Json(text) => text.len() + 1,
        Value::Bytes(bytes) => bytes.len(),
        Value::List(_, values) => 20 + values.iter().map(|value| 4 + size(value)).sum::<usize>(),
        Value::Uuid(_) | Value::Decimal { .. } => 16,
        _ => 8,
    }
}

/// Appends the length of the value and the value: an element of an array, a field of a `COPY` row.
pub(crate) fn write_sized(value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), InvalidValue> {
    if value.is_null() {
        out.extend_from_slice(&(-1_i32).to_be_bytes());
        return Ok(());
    }
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    write(value, out)?;
    let length = length(out.len() - start - 4)?;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// One dimension that starts at 1; an empty array has none.
fn write_array(kind: Kind, values: &[Value<'_>], out: &mut Vec<u8>) -> Result<(), InvalidValue> {
    let dimensions = i32::from(!values.is_empty());
    let has_null = i32::from(values.iter().any(Value::is_null));
    out.extend_from_slice(&dimensions.to_be_bytes());
    out.extend_from_slice(&has_null.to_be_bytes());
    out.extend_from_slice(&oid::of_kind(kind).to_be_bytes());
    if values.is_empty() {
        return Ok(());
    }
    out.extend_from_slice(&length(values.len())?.to_be_bytes());
    out.extend_from_slice(&1_i32.to_be_bytes());
    values.iter().try_for_each(|value| write_sized(value, out))
}

fn length(length: usize) -> Result<i32, InvalidValue> {
    i32::try_from(length).map_err(|_| InvalidValue::new("is longer than Postgres can take"))
}

fn days(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - EPOCH_DAYS
}

fn micros(time: NaiveTime) -> i64 {
    i64::from(time.num_seconds_from_midnight()) * 1_000_000 + i64::from(time.nanosecond() / 1_000)
}
