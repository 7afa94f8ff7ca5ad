//! What time is told in: moments, and days, which start at midnight in UTC.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use crate::value::column_type::{ColumnType, Comparable};

/// A type whose values are in buckets of time: moments, `DateTime<Utc>`, and days, `NaiveDate`.
#[diagnostic::on_unimplemented(
    message = "only a column of moments or days has buckets of time",
    label = "`{Self}` is neither a moment nor a day",
    note = "a moment is a `DateTime<Utc>`, and a day a `NaiveDate`"
)]
pub trait Bucketable: ColumnType<Bare = Self, Class: Comparable> + Copy + Ord + fmt::Debug {
    #[doc(hidden)]
    fn moment(self) -> DateTime<Utc>;

    #[doc(hidden)]
    fn starting(start: DateTime<Utc>) -> Self;
}

impl Bucketable for DateTime<Utc> {
    fn moment(self) -> DateTime<Utc> {
        self
    }

    fn starting(start: DateTime<Utc>) -> Self {
        start
    }
}

/// Its midnight.
impl Bucketable for NaiveDate {
    fn moment(self) -> DateTime<Utc> {
        self.and_time(NaiveTime::MIN).and_utc()
    }

    fn starting(start: DateTime<Utc>) -> Self {
        start.date_naive()
    }
}
