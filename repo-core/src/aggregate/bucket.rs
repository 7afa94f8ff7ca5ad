//! Time in buckets: half-open, in UTC, side by side without gaps.
//!
//! A database numbers the bucket of a row in integers, from one that starts before all time that it stores,
//! so that rounding down is division; what moment that is, is computed here.

use std::fmt;

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, Utc};

use crate::aggregate::bucketable::Bucketable;
use crate::column::Column;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::schema::table::ColumnDef;
use crate::value::column_type::ColumnType;
use crate::value::{InvalidValue, Kind, Value};

/// How long a bucket of time is, and where buckets start.
///
/// Seconds to days are counted from 1970-01-01T00:00:00Z, so that a day starts at midnight UTC; weeks start on
/// Mondays; months and years on their first day, counted from 1970. A bucket has its start and not its end. That of a
/// day is of whole days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    unit: TimeUnit,
    /// The length, in units.
    width: i64,
    /// A number at which one of the buckets starts.
    origin: i64,
}

/// What time is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds, all of them equally long.
    Second,
    /// Months of the calendar.
    Month,
}

/// A column of moments or days, in buckets: made by [`Column::bucket`], to group by.
pub struct Bucketed<E, T> {
    pub(crate) column: Column<E, T>,
    pub(crate) bucket: Bucket,
}

const DAY: i64 = 86_400;
/// The first second of the year 1, and its first month.
const FIRST_SECOND: i64 = -62_135_596_800;
const FIRST_MONTH: i64 = 12;
/// The Monday before 1970.
const MONDAY: i64 = -3 * DAY;
/// Ten thousand years: all that is stored.
const MOST_SECONDS: i64 = 315_576_000_000;
const MOST_MONTHS: i64 = 120_000;

impl Bucket {
    /// Of this many seconds.
    pub const fn seconds(count: u32) -> Self {
        Self::even(count, 1, 0)
    }

    /// Of this many minutes.
    pub const fn minutes(count: u32) -> Self {
        Self::even(count, 60, 0)
    }

    /// Of this many hours.
    pub const fn hours(count: u32) -> Self {
        Self::even(count, 3_600, 0)
    }

    /// Of this many days.
    pub const fn days(count: u32) -> Self {
        Self::even(count, DAY, 0)
    }

    /// Of this many weeks, which start on a Monday.
    pub const fn weeks(count: u32) -> Self {
        Self::even(count, 7 * DAY, MONDAY)
    }

    /// Of this many months: `months(3)` are the quarters of a year.
    pub const fn months(count: u32) -> Self {
        Self { unit: TimeUnit::Month, width: count as i64, origin: 12 * 1970 }
    }

    /// Of this many years.
    pub const fn years(count: u32) -> Self {
        Self { unit: TimeUnit::Month, width: 12 * count as i64, origin: 12 * 1970 }
    }

    const fn even(count: u32, unit: i64, origin: i64) -> Self {
        Self { unit: TimeUnit::Second, width: count as i64 * unit, origin }
    }

    /// Whether it has a length, and values of this column have buckets so long.
    pub(crate) fn check(self, column: &ColumnDef) -> Result<()> {
        let (most, _) = self.limits();
        if !(1..=most).contains(&self.width) {
            return Err(Error::invalid_input(
                "bucket",
                "is empty, or longer than ten thousand years",
            ));
        }
        if column.kind == Kind::Date && self.unit == TimeUnit::Second && self.width % DAY != 0 {
            let reason = format!("is not of whole days, and `{}` holds days", column.name);
            return Err(Error::invalid_input("bucket", reason));
        }
        Ok(())
    }

    pub(crate) fn unit(self) -> TimeUnit {
        self.unit
    }

    pub(crate) fn width(self) -> i64 {
        self.width
    }

    /// The number at which bucket 0 starts, which is not after the year 1.
    pub(crate) fn base(self) -> i64 {
        let (_, first) = self.limits();
        first - (first - self.origin).rem_euclid(self.width)
    }

    /// The moment at which a bucket starts.
    pub(crate) fn start(self, index: i64) -> Result<DateTime<Utc>, InvalidValue> {
        let number = index.checked_mul(self.width).and_then(|n| n.checked_add(self.base()));
        let start = number.and_then(|number| match self.unit {
            TimeUnit::Second => DateTime::from_timestamp(number, 0),
            TimeUnit::Month => {
                let year = i32::try_from(number.div_euclid(12)).ok()?;
                let month = u32::try_from(number.rem_euclid(12) + 1).ok()?;
                let day = NaiveDate::from_ymd_opt(year, month, 1)?;
                Some(day.and_time(NaiveTime::MIN).and_utc())
            }
        });
        start.ok_or_else(|| InvalidValue::new("is in a bucket that starts at no moment"))
    }

    /// The start of a bucket as a column of this kind has it.
    pub(crate) fn key(self, index: i64, kind: Kind) -> Result<Value<'static>, InvalidValue> {
        self.start(index).map(|start| of_kind(start, kind))
    }

    /// The bucket that a moment is in.
    pub(crate) fn index(self, moment: DateTime<Utc>) -> i64 {
        let number = match self.unit {
            TimeUnit::Second => moment.timestamp(),
            TimeUnit::Month => i64::from(moment.year()) * 12 + i64::from(moment.month0()),
        };
        (number - self.base()).div_euclid(self.width)
    }

    fn limits(self) -> (i64, i64) {
        match self.unit {
            TimeUnit::Second => (MOST_SECONDS, FIRST_SECOND),
            TimeUnit::Month => (MOST_MONTHS, FIRST_MONTH),
        }
    }
}

/// The start of a bucket as a column of this kind has it.
pub(crate) fn of_kind(start: DateTime<Utc>, kind: Kind) -> Value<'static> {
    match kind {
        Kind::Date => Value::Date(start.date_naive()),
        _ => Value::Timestamp(start),
    }
}

/// Moments and days.
impl<E: Entity, T: ColumnType> Column<E, T> {
    /// The start of the bucket that the moment or the day is in, to group by.
    pub fn bucket(self, bucket: Bucket) -> Bucketed<E, T>
    where
        T::Bare: Bucketable,
    {
        Bucketed { column: self, bucket }
    }
}

impl<E, T> Clone for Bucketed<E, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E, T> Copy for Bucketed<E, T> {}

impl<E: Entity, T: ColumnType> fmt::Debug for Bucketed<E, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in {:?}", self.column, self.bucket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn column(kind: Kind) -> ColumnDef {
        ColumnDef {
            name: "at",
            kind,
            nullable: false,
            variants: &[],
            max_length: None,
            fixed: false,
            sensitive: false,
            formerly: &[],
            added_with: None,
            default: None,
        }
    }

    const MOMENTS: ColumnDef = column(Kind::Timestamp);
    const DAYS: ColumnDef = column(Kind::Date);

    fn start(bucket: Bucket, text: &str) -> String {
        let moment = DateTime::parse_from_rfc3339(text).expect("a moment").to_utc();
        bucket.check(&MOMENTS).expect("a bucket");
        bucket.start(bucket.index(moment)).expect("a start").format("%FT%T").to_string()
    }

    #[test]
    fn a_bucket_starts_at_or_before_its_moments() {
        for (bucket, moment, expected) in [
            (Bucket::hours(1), "2026-01-31T12:59:59.999999Z", "2026-01-31T12:00:00"),
            (Bucket::hours(1), "2026-01-31T13:00:00Z", "2026-01-31T13:00:00"),
            (Bucket::hours(1), "1969-12-31T23:59:59.999999Z", "1969-12-31T23:00:00"),
            (Bucket::days(1), "1969-12-31T00:00:00Z", "1969-12-31T00:00:00"),
            (Bucket::days(2), "1970-01-02T23:00:00Z", "1970-01-01T00:00:00"),
            (Bucket::days(2), "1969-12-31T23:00:00Z", "1969-12-30T00:00:00"),
            (Bucket::weeks(1), "2026-02-01T00:00:00Z", "2026-01-26T00:00:00"),
            (Bucket::months(3), "2026-06-30T23:59:59Z", "2026-04-01T00:00:00"),
            (Bucket::months(5), "1969-12-31T00:00:00Z", "1969-08-01T00:00:00"),
            (Bucket::years(10), "1969-01-01T00:00:00Z", "1960-01-01T00:00:00"),
            (Bucket::seconds(1), "0001-01-01T00:00:00Z", "0001-01-01T00:00:00"),
            (Bucket::years(1), "9999-12-31T23:59:59Z", "9999-01-01T00:00:00"),
        ] {
            assert_eq!(start(bucket, moment), expected, "{bucket:?} of {moment}");
        }
    }

    #[test]
    fn the_first_bucket_starts_before_all_that_is_stored() {
        let widths = [1, 2, 3, 7, 1_000, 36_525].into_iter();
        for bucket in widths.flat_map(|n| [Bucket::days(n), Bucket::weeks(n), Bucket::months(n)]) {
            let (_, first) = bucket.limits();
            assert!(bucket.base() <= first && first - bucket.base() < bucket.width, "{bucket:?}");
            assert_eq!((bucket.base() - bucket.origin) % bucket.width, 0, "{bucket:?}");
        }
    }

    #[test]
    fn a_bucket_has_a_length() {
        for bucket in [Bucket::hours(0), Bucket::months(0), Bucket::days(u32::MAX)] {
            bucket.check(&MOMENTS).expect_err("no bucket");
        }
    }

    #[test]
    fn a_bucket_of_days_is_of_whole_days() {
        for bucket in [Bucket::days(1), Bucket::hours(48), Bucket::weeks(2), Bucket::months(1)] {
            bucket.check(&DAYS).expect("a bucket");
        }
        for bucket in [Bucket::hours(36), Bucket::minutes(1), Bucket::seconds(86_401)] {
            bucket.check(&DAYS).expect_err("no bucket");
            bucket.check(&MOMENTS).expect("a bucket");
        }
    }
}
