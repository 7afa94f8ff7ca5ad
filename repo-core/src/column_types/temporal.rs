//! Moments, days and times of day, in microseconds, of the years 1 to 9999: what both databases keep
//! and order alike.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, SubsecRound, Timelike, Utc};

use super::mismatch;
use crate::backend::Row;
use crate::clock::to_microseconds;
use crate::column_type::{ColumnType, class, read_some};
use crate::value::{InvalidValue, Kind, Value};

/// The first moment of the year 1.
pub(crate) const EARLIEST: DateTime<Utc> =
    DateTime::from_timestamp(-62_135_596_800, 0).expect("chrono knows years before it");

impl ColumnType for DateTime<Utc> {
    type Bare = Self;
    type Class = class::Temporal;
    const KIND: Kind = Kind::Timestamp;

    #[inline]
    fn encode(&self, _: Kind) -> Result<Value<'_>, InvalidValue> {
        // As UTC it is what it is stored as: no offset is added to look at it.
        let utc = self.naive_utc();
        check_year(utc.year())?;
        check_leap_second(utc.nanosecond())?;
        Ok(Value::Timestamp(to_microseconds(*self)))
    }

    fn decode(value: Value<'_>) -> Result<Self, InvalidValue> {
        match value {
            Value::Timestamp(value) => Ok(value),
            other => Err(mismatch("a timestamp", &other)),
        }
    }

    read_by!(|row, index| row.timestamp(index));

    fn into_stored(self, _: Kind) -> Self {
        to_microseconds(self)
    }
}

impl ColumnType for NaiveDate {
    type Bare = Self;
    type Class = class::Temporal;
    const KIND: Kind = Kind::Date;

    #[inline]
    fn encode(&self, _: Kind) -> Result<Value<'_>, InvalidValue> {
        check_year(self.year())?;
        Ok(Value::Date(*self))
    }

    fn decode(value: Value<'_>) -> Result<Self, InvalidValue> {
        match value {
            Value::Date(value) => Ok(value),
            other => Err(mismatch("a date", &other)),
        }
    }
}

impl ColumnType for NaiveTime {
    type Bare = Self;
    type Class = class::Temporal;
    const KIND: Kind = Kind::Time;

    #[inline]
    fn encode(&self, _: Kind) -> Result<Value<'_>, InvalidValue> {
        check_leap_second(self.nanosecond())?;
        Ok(Value::Time(self.trunc_subsecs(6)))
    }

    fn decode(value: Value<'_>) -> Result<Self, InvalidValue> {
        match value {
            Value::Time(value) => Ok(value),
            other => Err(mismatch("a time of day", &other)),
        }
    }

    fn into_stored(self, _: Kind) -> Self {
        self.trunc_subsecs(6)
    }
}

fn check_year(year: i32) -> Result<(), InvalidValue> {
    if (1..=9999).contains(&year) {
        return Ok(());
    }
    Err(InvalidValue::new("is not in the years 1 to 9999"))
}

/// chrono writes a leap second as a nanosecond of a thousand million and more.
fn check_leap_second(nanosecond: u32) -> Result<(), InvalidValue> {
    if nanosecond < 1_000_000_000 {
        return Ok(());
    }
    Err(InvalidValue::new("is a leap second, which no database keeps"))
}
