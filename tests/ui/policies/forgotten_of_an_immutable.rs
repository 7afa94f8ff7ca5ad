use chrono::{DateTime, Utc};
use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "events", immutable)]
pub struct Event {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub version: i64,
    pub deleted_at: Option<DateTime<Utc>>,
}

fn main() {}
