//! Names that begin with underscores, behind which nothing is left that could be a name.

use repo_core::{ColumnEnum, Projection, Repository, Search};
use uuid::Uuid;

/// A level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
pub enum Level {
    /// The first.
    _1,
    /// None.
    __,
}

/// A thing whose columns begin with underscores.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "things", unique(_1, __))]
pub struct Thing {
    /// The id.
    pub id: Uuid,
    /// The first.
    _1: i64,
    /// Whether there are two factors.
    #[repository(index)]
    _2fa_enabled: bool,
    /// The unnamed.
    #[repository(default = 0)]
    __: i64,
    /// The thing before.
    #[repository(references = Thing)]
    _3_id: Option<Uuid>,
    /// The level.
    _level: Level,
}

/// A part of it.
#[derive(Debug, Clone, PartialEq, Projection)]
#[projection(entity = Thing)]
pub struct Part {
    /// The first.
    _1: i64,
    /// The level.
    _level: Level,
}

/// Things that are sought.
#[derive(Debug, Clone, Search)]
#[search(entity = Thing)]
pub struct ThingSearch {
    /// This number.
    _1: Option<i64>,
    /// That number.
    __: Option<i64>,
}
