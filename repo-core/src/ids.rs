//! Where the ids of new rows come from.

use std::fmt::Debug;

use chrono::{DateTime, Utc};
use uuid::{ContextV7, Timestamp, Uuid};

/// Makes ids. Replace it in tests with [`testing::SequentialIds`](crate::testing::SequentialIds).
pub trait IdSource: Debug + Send + Sync {
    /// A new id for a row created at `now`.
    fn next_id(&self, now: DateTime<Utc>) -> Uuid;
}

/// UUIDs of version 7: those made later sort later, also within one millisecond.
#[derive(Debug, Default)]
pub struct UuidV7 {
    counter: std::sync::Mutex<ContextV7>,
}

impl IdSource for UuidV7 {
    fn next_id(&self, now: DateTime<Utc>) -> Uuid {
        let counter = self.counter.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        Uuid::new_v7(Timestamp::from_unix(&*counter, seconds, now.timestamp_subsec_nanos()))
    }
}
