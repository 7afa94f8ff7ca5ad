//! Lint fixtures.
#![deny(warnings, missing_docs, unreachable_pub, clippy::pedantic, missing_debug_implementations)]

use chrono::{DateTime, Utc};
use repo_core::{ColumnEnum, ColumnType, Repository};
use rust_decimal::Decimal;
use uuid::Uuid;

/// A document.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Context {
    /// Where.
    pub place: String,
}

/// A status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
pub enum Status {
    /// New.
    New,
    /// Being looked at.
    InReview,
}

/// A newtype.
#[derive(Debug, Clone, PartialEq, Eq, ColumnType)]
pub struct OrgId(Uuid);

/// A team.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "teams", tenant)]
pub struct Team {
    /// The id.
    pub id: Uuid,
    #[repository(tenant)]
    org: OrgId,
    r#type: String,
}

/// A case that somebody works on.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "incidents", tenant, soft_delete, versioned, timestamps, correlated, index(status, created_at desc), unique(status, signature))]
pub struct Incident {
    /// The id.
    pub id: Uuid,
    /// The tenant.
    pub tenant_id: OrgId,
    /// The signature.
    #[repository(unique)]
    pub signature: String,
    /// The status.
    pub status: Status,
    /// The count.
    #[repository(default = 0)]
    pub event_count: i64,
    /// The context.
    #[repository(json)]
    pub context: Context,
    /// The more.
    #[repository(json)]
    pub more: Option<Context>,
    /// The price.
    #[repository(decimal(12, 2))]
    pub price: Option<Decimal>,
    /// The email.
    #[repository(sensitive, max_length = 100)]
    pub reporter_email: Option<String>,
    /// The team.
    #[repository(references = Team)]
    pub team_id: Option<Uuid>,
    /// The version.
    pub version: i64,
    /// The times.
    pub created_at: DateTime<Utc>,
    /// The times.
    pub updated_at: DateTime<Utc>,
    /// The times.
    pub deleted_at: Option<DateTime<Utc>>,
    /// The correlation.
    pub correlation_id: Option<String>,
}

/// Event.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "events", immutable, timestamps)]
pub struct Event<
    T: repo_core::ColumnType<Bare: repo_core::ColumnType<Class: repo_core::Comparable>> + Clone,
> {
    /// The id.
    pub id: i64,
    /// Body.
    #[repository(index)]
    pub body: T,
    /// Made.
    pub created_at: DateTime<Utc>,
}
