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
    let _ = IncidentPatch::new().id(Uuid::nil());
    let _ = IncidentPatch::new().tenant_id(Uuid::nil());
    let _ = IncidentPatch::new().version(7);
    let _ = IncidentPatch::new().created_at(Utc::now());
    let _ = IncidentPatch::new().updated_at(Utc::now());
    let _ = IncidentPatch::new().deleted_at(None);
}

fn main() {}
