use chrono::{DateTime, Utc};
use repo_core::Repository;
use uuid::Uuid;

#[derive(Debug, Repository)]
#[repository(table = "incidents", tenant, soft_delete, versioned, timestamps)]
pub struct Incident {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub status: String,
    pub severity: i64,
    pub note: Option<String>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub deleted_at: Option<DateTime<Utc>>,
}

pub fn used() {
    let _ = Incident::STATUS.eq(7);
    let _ = Incident::SEVERITY.eq("high");
    let _ = Incident::NOTE.eq(None::<String>);
    let _ = Incident::SEVERITY.in_list(["high"]);
    let _ = Incident::SEVERITY.contains("high");
}

fn main() {}
