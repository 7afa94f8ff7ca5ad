//! Time and ids that a test decides.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::clock::Clock;
use crate::ids::IdSource;

/// A clock that stands still until it is moved. Clones show the same time.
#[derive(Debug, Clone)]
pub struct FixedClock {
    microseconds: Arc<AtomicI64>,
}

/// Ids that count: the first ends in `000000000001`. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct SequentialIds {
    last: Arc<AtomicU64>,
}

impl FixedClock {
    /// A clock that shows `moment`, in whole microseconds.
    pub fn at(moment: DateTime<Utc>) -> Self {
        Self { microseconds: Arc::new(AtomicI64::new(moment.timestamp_micros())) }
    }

    /// Moves the clock on, or back.
    pub fn advance(&self, by: TimeDelta) {
        let by = by.num_microseconds().unwrap_or(i64::MAX);
        self.microseconds.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.microseconds.load(Ordering::SeqCst))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

impl SequentialIds {
    /// Counting from 1.
    pub fn new() -> Self {
        Self::default()
    }
}

impl IdSource for SequentialIds {
    fn next_id(&self, _: DateTime<Utc>) -> Uuid {
        Uuid::from_u128(u128::from(self.last.fetch_add(1, Ordering::SeqCst)) + 1)
    }
}
