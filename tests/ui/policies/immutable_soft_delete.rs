use chrono::{DateTime, Utc};
use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "events", immutable, soft_delete)]
pub struct Event {
    pub id: Uuid,
    pub deleted_at: Option<DateTime<Utc>>,
}

fn main() {}
