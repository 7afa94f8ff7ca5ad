//! Values as bytes, for cursors: a tag, then the value, its length first where it varies.

use chrono::{DateTime, NaiveDate, NaiveTime, Timelike as _, Utc};
use uuid::Uuid;

use crate::value::column_type::ColumnType;
use crate::value::{Kind, Value};

const NULL: u8 = 0;
const PRESENT: u8 = 1;

/// Appends a value.
pub(crate) fn write_value(bytes: &mut Vec<u8>, value: &Value<'_>) {
    if value.is_null() {
        bytes.push(NULL);
        return;
    }
    bytes.push(PRESENT);
    match value {
        Value::Null(_) => {}
        Value::Bool(value) => bytes.push(u8::from(*value)),
        Value::I16(value) => bytes.extend(value.to_be_bytes()),
        Value::I32(value) => bytes.extend(value.to_be_bytes()),
        Value::I64(value) | Value::Decimal { units: value, .. } => {
            bytes.extend(value.to_be_bytes())
        }
        Value::F32(value) => bytes.extend(value.to_be_bytes()),
        Value::F64(value) => bytes.extend(value.to_be_bytes()),
        Value::Text(text) | Value::Json(text) => write_sized(bytes, text.as_bytes()),
        Value::Bytes(value) => write_sized(bytes, value),
        Value::Uuid(value) => bytes.extend(value.as_bytes()),
        Value::Timestamp(value) => bytes.extend(value.timestamp_micros().to_be_bytes()),
        Value::Date(value) => {
            bytes.extend(value.signed_duration_since(NaiveDate::MIN).num_days().to_be_bytes());
        }
        Value::Time(value) => {
            bytes.extend(value.num_seconds_from_midnight().to_be_bytes());
            bytes.extend(value.nanosecond().to_be_bytes());
        }
        Value::List(_, values) => {
            bytes.extend((values.len() as u64).to_be_bytes());
            values.iter().for_each(|value| write_value(bytes, value));
        }
    }
}

/// Takes a value of `kind` from the front of `bytes`; `None` when there is none that a column holds.
pub(crate) fn read_value(bytes: &mut &[u8], kind: Kind) -> Option<Value<'static>> {
    if take::<1>(bytes)? == [NULL] {
        return Some(Value::Null(kind));
    }
    Some(match kind {
        Kind::Bool => Value::Bool(take::<1>(bytes)? == [1]),
        Kind::I16 => Value::I16(i16::from_be_bytes(take(bytes)?)),
        Kind::I32 => Value::I32(i32::from_be_bytes(take(bytes)?)),
        Kind::I64 => Value::I64(i64::from_be_bytes(take(bytes)?)),
        Kind::F32 => stored(f32::from_be_bytes(take(bytes)?))?,
        Kind::F64 => stored(f64::from_be_bytes(take(bytes)?))?,
        Kind::Decimal { scale, .. } => {
            Value::Decimal { units: i64::from_be_bytes(take(bytes)?), scale }
        }
        Kind::Text => stored(String::from_utf8(take_sized(bytes)?).ok()?)?,
        Kind::Bytes => Value::Bytes(take_sized(bytes)?.into()),
        Kind::Json => Value::Json(String::from_utf8(take_sized(bytes)?).ok()?.into()),
        Kind::Uuid => Value::Uuid(Uuid::from_bytes(take(bytes)?)),
        Kind::Timestamp => {
            let micros = i64::from_be_bytes(take(bytes)?);
            stored(DateTime::<Utc>::from_timestamp_micros(micros)?)?
        }
        Kind::Date => {
            let days = u64::from_be_bytes(take(bytes)?);
            stored(NaiveDate::MIN.checked_add_days(chrono::Days::new(days))?)?
        }
        Kind::Time => {
            let seconds = u32::from_be_bytes(take(bytes)?);
            let nanoseconds = u32::from_be_bytes(take(bytes)?);
            stored(NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanoseconds)?)?
        }
    })
}

/// The value, if a column can hold it: a cursor that nobody signed may say anything.
fn stored<T: ColumnType>(value: T) -> Option<Value<'static>> {
    value.encode(T::KIND).ok().map(Value::into_owned)
}

fn write_sized(bytes: &mut Vec<u8>, value: &[u8]) {
    bytes.extend((value.len() as u64).to_be_bytes());
    bytes.extend(value);
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*taken)
}

fn take_sized(bytes: &mut &[u8]) -> Option<Vec<u8>> {
    let length = usize::try_from(u64::from_be_bytes(take(bytes)?)).ok()?;
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_column_holds_is_no_value() {
        let sized =
            |text: &[u8]| [&[PRESENT][..], &(text.len() as u64).to_be_bytes(), text].concat();
        let present = |bytes: &[u8]| [&[PRESENT][..], bytes].concat();
        for (kind, bytes) in [
            (Kind::F32, present(&f32::NAN.to_be_bytes())),
            (Kind::F64, present(&f64::INFINITY.to_be_bytes())),
            (Kind::Text, sized(b"a\0b")),
            (Kind::Text, sized(&[0xff])),
            (Kind::Timestamp, present(&i64::MAX.to_be_bytes())),
            (Kind::Timestamp, present(&(-100_000_000_000_000_000_i64).to_be_bytes())),
            (Kind::Date, present(&0_u64.to_be_bytes())),
            (Kind::Date, present(&u64::MAX.to_be_bytes())),
            (Kind::Time, present(&[0, 0, 0, 1, 0x77, 0x35, 0x93, 0xff])),
            (Kind::Bytes, present(&u64::MAX.to_be_bytes())),
            (Kind::I64, present(&[1, 2, 3])),
            (Kind::Bool, Vec::new()),
        ] {
            assert_eq!(read_value(&mut &bytes[..], kind), None, "{kind:?}");
        }
    }
}
