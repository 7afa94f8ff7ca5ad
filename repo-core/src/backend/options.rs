//! How a transaction runs, and how a backend is doing.

use std::time::Duration;

/// How a transaction sees the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Isolation {
    /// What the database does by itself: Postgres READ COMMITTED, SQLite serializable.
    #[default]
    Default,
    /// Each statement sees what was committed before it. SQLite gives more: serializable.
    ReadCommitted,
    /// All statements see one snapshot. SQLite gives more: serializable.
    RepeatableRead,
    /// As if transactions ran one after the other.
    Serializable,
}

/// What a transaction may do and see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TransactionOptions {
    /// How it sees the others.
    pub isolation: Isolation,
    /// Whether a write in it is an error.
    pub read_only: bool,
}

/// How a backend is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// How long the database took to answer.
    pub round_trip: Duration,
    /// The most connections that the pool opens.
    pub size: usize,
    /// The connections that are open and free.
    pub idle: usize,
}

impl TransactionOptions {
    /// Default isolation, reads and writes.
    pub fn new() -> Self {
        Self::default()
    }

    /// With this isolation.
    #[must_use]
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = isolation;
        self
    }

    /// Without writes.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }
}

impl Health {
    /// What `health()` of a backend returns.
    pub fn new(round_trip: Duration, size: usize, idle: usize) -> Self {
        Self { round_trip, size, idle }
    }
}
