//! A value from the bytes of the binary format, borrowing them.
//!
//! The stored type is checked: bytes are never read as another type than the one they were written
//! as. An integer or a float may be stored narrower than its column, or wider where the value fits. A server keeps more
//! than the types here hold: NaN, infinities, years of five digits or before Christ. None of these is a value.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use repo_core::{InvalidValue, Kind, Value};
use uuid::Uuid;

use super::encode::{EPOCH_DAYS, EPOCH_MICROS, JSONB_VERSION};
use super::{numeric, oid};

/// The years 1 to 9999 in microseconds since 1970.
const MOMENTS: RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;
/// The same in days, of which the first is day 1.
const DAYS: RangeInclusive<i32> = 1..=3_652_059;

/// Why bytes are no value of a kind.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// The column has a type that is not of the kind.
    Type(Kind),
    /// The column has the type, but the value does not fit.
    Value(InvalidValue),
}

/// The value of `kind` in the bytes of a column of type `stored`.
pub(super) fn read(kind: Kind, stored: u32, bytes: &[u8]) -> Result<Value<'_>, Unreadable> {
    Ok(match (kind, stored) {
        (Kind::Bool, oid::BOOL) => Value::Bool(array::<1>(bytes)? != [0]),
        (Kind::I64, oid::INT8) => Value::I64(i64::from_be_bytes(array(bytes)?)),
        (Kind::I16, _) => Value::I16(integer(kind, stored, bytes)?),
        (Kind::I32, _) => Value::I32(integer(kind, stored, bytes)?),
        (Kind::I64, _) => Value::I64(integer(kind, stored, bytes)?),
        (Kind::F32, oid::FLOAT4) => Value::F32(single(bytes)?),
        (Kind::F64, oid::FLOAT8) => Value::F64(double(bytes)?),
        (Kind::F64, oid::FLOAT4) => Value::F64(single(bytes)?.into()),
        (Kind::Text, stored) if oid::is_text(stored) => Value::Text(text(bytes)?),
        (Kind::Bytes, oid::BYTEA) => Value::Bytes(Cow::Borrowed(bytes)),
        (Kind::Uuid, oid::UUID) => Value::Uuid(Uuid::from_bytes(array(bytes)?)),
        (Kind::Timestamp, oid::TIMESTAMPTZ) => timestamp(i64::from_be_bytes(array(bytes)?))?,
        (Kind::Date, oid::DATE) => date(i32::from_be_bytes(array(bytes)?))?,
        (Kind::Time, oid::TIME) => time(i64::from_be_bytes(array(bytes)?))?,
        (Kind::Decimal { scale, .. }, oid::NUMERIC) => {
            Value::Decimal { units: numeric::read(bytes, scale)?, scale }
        }
        (Kind::Json, oid::JSONB) => match bytes {
            [JSONB_VERSION, document @ ..] => Value::Json(text(document)?),
            _ => return Err(invalid("is jsonb of an unknown version")),
        },
        (Kind::Json, oid::JSON) => Value::Json(text(bytes)?),
        _ => return Err(Unreadable::Type(kind)),
    })
}

fn integer<T: TryFrom<i64>>(kind: Kind, stored: u32, bytes: &[u8]) -> Result<T, Unreadable> {
    let value = match stored {
        oid::INT2 => i16::from_be_bytes(array(bytes)?).into(),
        oid::INT4 => i32::from_be_bytes(array(bytes)?).into(),
        oid::INT8 => i64::from_be_bytes(array(bytes)?),
        _ => return Err(Unreadable::Type(kind)),
    };
    T::try_from(value).map_err(|_| invalid("is out of range"))
}

fn single(bytes: &[u8]) -> Result<f32, Unreadable> {
    let value = f32::from_be_bytes(array(bytes)?);
    if value.is_finite() { Ok(value) } else { Err(invalid("is not a finite number")) }
}

fn double(bytes: &[u8]) -> Result<f64, Unreadable> {
    let value = f64::from_be_bytes(array(bytes)?);
    if value.is_finite() { Ok(value) } else { Err(invalid("is not a finite number")) }
}

fn timestamp(micros: i64) -> Result<Value<'static>, Unreadable> {
    if micros == i64::MAX || micros == i64::MIN {
        return Err(invalid("is infinity"));
    }
    moment(micros).map(Value::Timestamp).ok_or_else(|| invalid("is out of range"))
}

/// The moment that so many microseconds since 2000 are; none outside of the years 1 to 9999, as infinities are.
#[inline]
pub(super) fn moment(micros: i64) -> Option<DateTime<Utc>> {
    let micros = micros.checked_add(EPOCH_MICROS).filter(|micros| MOMENTS.contains(micros))?;
    DateTime::from_timestamp_micros(micros)
}

fn date(days: i32) -> Result<Value<'static>, Unreadable> {
    if days == i32::MAX || days == i32::MIN {
        return Err(invalid("is infinity"));
    }
    days.checked_add(EPOCH_DAYS)
        .filter(|days| DAYS.contains(days))
        .and_then(NaiveDate::from_num_days_from_ce_opt)
        .map(Value::Date)
        .ok_or_else(|| invalid("is out of range"))
}

fn time(micros: i64) -> Result<Value<'static>, Unreadable> {
    let seconds = u32::try_from(micros.div_euclid(1_000_000)).ok();
    let nanos = u32::try_from(micros.rem_euclid(1_000_000) * 1_000).ok();
    seconds
        .zip(nanos)
        .and_then(|(seconds, nanos)| NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos))
        .map(Value::Time)
        .ok_or_else(|| invalid("is out of range"))
}

fn text(bytes: &[u8]) -> Result<Cow<'_, str>, Unreadable> {
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| invalid("is not UTF-8"))
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Unreadable> {
    bytes.try_into().map_err(|_| invalid("has the wrong length"))
}

fn invalid(reason: &'static str) -> Unreadable {
    Unreadable::Value(InvalidValue::new(reason))
}

impl Unreadable {
    /// The error, in words, where the column is of the type with this name.
    #[cold]
    pub(super) fn of_type(self, stored: &str) -> InvalidValue {
        match self {
            Unreadable::Value(invalid) => invalid,
            Unreadable::Type(kind) => {
                InvalidValue::new(format!("is of type {stored}, which is not a {kind:?}"))
            }
        }
    }
}

impl From<InvalidValue> for Unreadable {
    fn from(invalid: InvalidValue) -> Self {
        Unreadable::Value(invalid)
    }
}
