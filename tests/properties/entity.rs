//! The entity whose rows are written and read: every policy that leaves it writable, and columns that
//! differ in how the databases store and order them.

use chrono::{DateTime, NaiveDate, Utc};
use repo_core::{ColumnEnum, Projection, Repository, Search, Summary, count};
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

/// Some of its columns, in another order and under other names.
#[derive(Debug, Clone, PartialEq, Projection)]
#[projection(entity = Item)]
pub(crate) struct Line {
    pub(crate) doc: serde_json::Value,
    #[projection(column = Item::NOTE)]
    pub(crate) remark: Option<String>,
    pub(crate) price: Decimal,
    #[projection(column = Item::NAME)]
    pub(crate) title: String,
    pub(crate) status: Status,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

/// What somebody looks for.
#[derive(Debug, Clone, Search)]
#[search(entity = Item)]
pub(crate) struct ItemSearch {
    #[search(icontains)]
    pub(crate) name: Option<String>,
    pub(crate) note: Option<String>,
    #[search(ge)]
    pub(crate) score: Option<i32>,
    #[search(in_list, column = STATUS)]
    pub(crate) statuses: Vec<Status>,
    #[search(is_null, column = SCORE)]
    pub(crate) is_unscored: Option<bool>,
    #[search(on, column = CREATED_AT)]
    pub(crate) day: Option<NaiveDate>,
}

/// The items of a status.
#[derive(Debug, Summary)]
#[summary(entity = Item)]
pub(crate) struct StatusSummary {
    #[summary(key = Item::STATUS)]
    pub(crate) status: Status,
    #[summary(value = count())]
    pub(crate) rows: u64,
    #[summary(value = Item::SCORE.sum())]
    pub(crate) scores: Option<i64>,
    #[summary(value = Item::NOTE.count_distinct())]
    pub(crate) notes: u64,
}

impl From<Item> for Line {
    fn from(item: Item) -> Self {
        let Item { doc, note, price, name, status, deleted_at, .. } = item;
        Self { doc, remark: note, price, title: name, status, deleted_at }
    }
}

/// Its names are in another order than its variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
pub(crate) enum Status {
    Shadow,
    Active,
    Retired,
}
