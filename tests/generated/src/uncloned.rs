//! Types that are not `Clone`: nothing else about their entities is different.

use repo_core::{ColumnType, Repository};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A number that is there once.
#[derive(Debug, PartialEq, Eq, ColumnType)]
pub struct Ticket(pub i64);

/// A document that is there once.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed(pub String);

/// What may be done once.
#[derive(Debug, PartialEq, Repository)]
#[repository(table = "passes")]
pub struct Pass {
    /// The id.
    pub id: Uuid,
    /// With which number.
    pub ticket: Ticket,
    /// By which document.
    #[repository(json)]
    pub deed: Option<Deed>,
    /// With another number.
    #[repository(default = Ticket(0))]
    pub spare: Ticket,
}
