//! Moments, days and times of day, in microseconds, of the years 1 to 9999: what both databases keep
//! and order alike.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, SubsecRound, Timelike, Utc};

use super::mismatch;
use crate::backend::Row;
use crate::clock::to_microseconds;
use crate::value::column_type::{ColumnType, class, read_some};
use crate::value::{InvalidValue, Kind, Value};

/// The first moment of the year 1.
pub(crate) const EARLIEST: DateTime<Utc> =
    DateTime::from_timestamp(-62_135_596_800, 0).expect("chrono knows years before it");

impl ColumnType for DateTime<Utc> {
    type Bare = Self;
    type Class = class::Temporal;
    const KIND: Kind = Kind::Timestamp;
    const IS_CHECKED: bool = true;

    #[inline]
    fn encode(&self, _: Kind) -> Result<Value<'_>, InvalidValue> {
        moment(*self).map(Value::Timestamp)
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
    const IS_CHECKED: bool = true;

    #[inline]
    fn encode(&self, _: Kind) -> Result<Value<'_>, InvalidValue> {
        day(*self).map(Value::Date)
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
    const IS_CHECKED: bool = true;

    #[inline]
    fn encode(&self, _: Kind) -> Result<Value<'_>, InvalidValue> {
        time_of_day(*self).map(Value::Time)
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

/// A moment as every database stores it.
#[inline]
pub(crate) fn moment(moment: DateTime<Utc>) -> Result<DateTime<Utc>, InvalidValue> {
    // As UTC it is what it is stored as: no offset is added to look at it.
    let utc = moment.naive_utc();
    check_year(utc.year())?;
    check_leap_second(utc.nanosecond())?;
    Ok(to_microseconds(moment))
}

/// A day, if every database stores it.
#[inline]
pub(crate) fn day(day: NaiveDate) -> Result<NaiveDate, InvalidValue> {
    check_year(day.year())?;
    Ok(day)
}

/// A time of day as every database stores it.
#[inline]
pub(crate) fn time_of_day(time: NaiveTime) -> Result<NaiveTime, InvalidValue> {
    check_leap_second(time.nanosecond())?;
    Ok(time.trunc_subsecs(6))
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
