//! Every key of the attribute.

use chrono::{DateTime, Utc};
use repo_core::{ColumnEnum, ColumnType, Repository};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Whose rows they are.
#[derive(Debug, Clone, PartialEq, Eq, ColumnType)]
pub struct OrgId(pub Uuid);

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
pub enum Status {
    /// Nobody has looked.
    New,
    /// Somebody looks.
    InReview,
    /// It is over.
    #[column(rename = "closed")]
    Done,
}

/// Where it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// The host.
    pub host: String,
}

/// People who work together.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "teams", tenant, soft_delete, timestamps)]
pub struct Team {
    /// The id.
    pub id: Uuid,
    /// The owner.
    #[repository(tenant)]
    pub org: OrgId,
    /// When it was founded.
    #[repository(created_at)]
    pub founded: DateTime<Utc>,
    /// When it was last reorganised.
    #[repository(updated_at)]
    pub reorganised: DateTime<Utc>,
    /// When it was dissolved.
    #[repository(deleted_at)]
    pub dissolved: Option<DateTime<Utc>>,
    /// With what it was dissolved.
    #[repository(deletion_id)]
    pub dissolution: Option<Uuid>,
}

/// What is called as what a policy manages, and is none of it.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "releases", index(tenant_id))]
pub struct Release {
    /// The id.
    pub id: Uuid,
    /// For whom it is made, who need not be the one who reads it.
    #[repository(plain)]
    pub tenant_id: Uuid,
    /// Of what is released.
    #[repository(plain, default = 1)]
    pub version: i64,
    /// When it was taken back.
    #[repository(plain)]
    pub deleted_at: Option<DateTime<Utc>>,
    /// When it was made, by whoever made it.
    pub created_at: DateTime<Utc>,
}

/// A case that somebody works on.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "incidents", tenant, soft_delete, versioned, timestamps, correlated)]
#[repository(index(status, created_at desc), unique(external_id, status))]
#[repository(unique(global, signature, external_id))]
pub struct Incident {
    /// The id.
    pub id: Uuid,
    /// The owner.
    pub tenant_id: OrgId,
    /// What it is recognised by.
    #[repository(unique, fixed, max_length = 200)]
    pub signature: String,
    /// How far it has come.
    pub status: Status,
    /// The id elsewhere.
    #[repository(column = "externalId")]
    pub external_id: Option<i64>,
    /// How often it happened.
    #[repository(default = 1)]
    pub event_count: i64,
    /// Where it happened.
    #[repository(json)]
    pub context: Context,
    /// What was done.
    #[repository(json, default = Some(vec!["reported".to_owned()]))]
    pub steps: Option<Vec<String>>,
    /// What it cost.
    #[repository(decimal(12, 2))]
    pub cost: Option<Decimal>,
    /// Who reported it.
    #[repository(sensitive)]
    pub reporter_email: Option<String>,
    /// Who works on it.
    #[repository(references = Team, on_delete = cascade)]
    pub team_id: Option<Uuid>,
    /// The incident that this one follows.
    #[repository(references = Incident, on_delete = restrict, index)]
    pub follows: Option<Uuid>,
    /// How often it changed.
    pub version: i64,
    /// When it was reported.
    pub created_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
    /// With what it was deleted.
    #[repository(deletion_id)]
    pub deletion_id: Option<Uuid>,
    /// The request that reported it.
    pub correlation_id: Option<String>,
}
