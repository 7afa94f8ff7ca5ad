//! What time it is.

use std::fmt::Debug;

use chrono::{DateTime, SubsecRound, Utc};

/// Tells the time. Replace it in tests with [`testing::FixedClock`](crate::testing::FixedClock).
pub trait Clock: Debug + Send + Sync {
    /// Now. Whoever stores it truncates it to whole microseconds.
    ///
    /// In a leap second and outside of the years 1 to 9999, which no database keeps, whatever needs the time is
    /// [`Error::InvalidInput`](crate::Error::InvalidInput) of the `clock`.
    fn now(&self) -> DateTime<Utc>;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A moment as every database stores it.
pub(crate) fn to_microseconds(moment: DateTime<Utc>) -> DateTime<Utc> {
    // Most moments come from here, and have none to lose.
    if moment.timestamp_subsec_nanos().is_multiple_of(1_000) {
        return moment;
    }
    moment.trunc_subsecs(6)
}
