//! What excerpts have in scope: the `Incident` of the README, the `Comment` of `relations.md`, and a session.

pub use std::time::Duration;

pub use chrono::{DateTime, Utc};
pub use repo_core::{
    AllTenants, ColumnEnum, ColumnType, Cursor, Database, Error, Filter, Isolation, Page,
    PageRequest, Repository, Session, Tenant, TransactionOptions, Window, WindowRequest, schema,
};
pub use rust_decimal::Decimal;
pub use serde::{Deserialize, Serialize};
pub use uuid::Uuid;

/// What an excerpt is given.
#[derive(Debug)]
pub struct Desk {
    /// The database.
    pub db: Database,
    /// The session of a tenant.
    pub acme: Session<Tenant<Uuid>>,
    /// Its incidents.
    pub incidents: IncidentRepository<Tenant<Uuid>>,
    /// One of them.
    pub incident: Incident,
}

/// A case that somebody works on.
#[derive(Debug, Clone, Repository)]
#[repository(table = "incidents", tenant, soft_delete, versioned, audited, timestamps)]
#[repository(index(status, created_at desc))]
#[allow(missing_docs, reason = "as the README has it")]
pub struct Incident {
    pub id: Uuid,
    pub tenant_id: Uuid,
    #[repository(unique)]
    pub signature: String,
    pub status: Status,
    #[repository(default = 1)]
    pub event_count: i64,
    #[repository(sensitive)]
    pub reporter_email: Option<String>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub deleted_at: Option<DateTime<Utc>>,
}

/// Where an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
#[allow(missing_docs, reason = "as the README has it")]
pub enum Status {
    New,
    Resolved,
}

/// What somebody says of an incident.
#[derive(Debug, Clone, Repository)]
#[repository(table = "comments", tenant, immutable)]
#[allow(missing_docs, reason = "as relations.md has it")]
pub struct Comment {
    pub id: i64,
    pub tenant_id: Uuid,
    #[repository(references = Incident)]
    pub incident_id: Uuid,
    pub text: String,
}
