//! Names that are keywords.

use repo_core::{ColumnEnum, Repository, Search};
use uuid::Uuid;

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
pub enum Direction {
    /// In.
    r#In,
    /// Out.
    r#Out,
}

/// A thing whose columns are keywords, of Rust and of SQL.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "order", index(r#type, select))]
pub struct Thing {
    /// The id.
    pub id: Uuid,
    /// What kind.
    pub r#type: String,
    /// Which way.
    #[repository(unique)]
    pub r#in: Direction,
    /// What not.
    #[repository(default = String::new())]
    pub r#fn: String,
    /// A word of SQL.
    pub select: Option<String>,
}

/// Things that are sought.
#[derive(Debug, Clone, Search)]
#[search(entity = Thing)]
pub struct ThingSearch {
    /// Of this type.
    pub r#type: Option<String>,
    /// Of one of these ways.
    #[search(in_list, column = IN)]
    pub ways: Vec<Direction>,
}
