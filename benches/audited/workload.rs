//! What is measured, how often, and what it may cost.

use crate::engine::Kind;

/// How many tickets each side has to begin with.
pub(crate) const KNOWN: usize = 3_000;
/// How many operations make one sample: few enough that SQLite does not empty its write-ahead log meanwhile,
/// which it does between the samples.
const SAMPLE: usize = 60;
/// How many tickets a batch has.
const BATCH: usize = 1_000;

/// One operation of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workload {
    Patch,
    Create,
    CreateMany,
}

/// Which database the targets are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    Sqlite,
    Postgres,
}

impl Workload {
    pub(crate) const ALL: [Self; 3] = [Self::Patch, Self::Create, Self::CreateMany];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Patch => "patch",
            Self::Create => "create one",
            Self::CreateMany => "create_many of 1,000",
        }
    }

    /// How many operations make one sample.
    pub(crate) fn operations(self) -> usize {
        match self {
            Self::Patch | Self::Create => SAMPLE,
            Self::CreateMany => 1,
        }
    }

    /// How many rows an operation writes.
    pub(crate) fn rows(self) -> usize {
        if self == Self::CreateMany { BATCH } else { 1 }
    }

    /// The most that it may cost with a trail, as a part of what `rival` takes.
    pub(crate) fn target(self, system: System, rival: Kind) -> Option<f64> {
        match (self, system, rival) {
            (Self::Patch, System::Postgres, Kind::Plain) => Some(1.5),
            (Self::Patch, _, Kind::SqlxByHand | Kind::SqlxChained) => Some(0.5),
            _ => None,
        }
    }
}
