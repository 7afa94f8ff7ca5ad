//! The entity whose rows are written and read: every policy that leaves it writable, and columns that
//! differ in how the databases store and order them.

use chrono::{DateTime, Utc};
use repo_core::{ColumnEnum, Repository};
use rust_decimal::Decimal;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "items", tenant, soft_delete, versioned, timestamps)]
#[repository(index(score, created_at desc))]
pub(crate) struct Item {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: i64,
    #[repository(unique)]
    pub(crate) name: String,
    #[repository(max_length = 6)]
    pub(crate) note: Option<String>,
    pub(crate) score: Option<i32>,
    pub(crate) done: bool,
    #[repository(decimal(6, 2))]
    pub(crate) price: Decimal,
    #[repository(index)]
    pub(crate) status: Status,
    #[repository(json)]
    pub(crate) doc: serde_json::Value,
    #[repository(fixed)]
    pub(crate) origin: i16,
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

/// Its names are in another order than its variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
pub(crate) enum Status {
    Shadow,
    Active,
    Retired,
}
