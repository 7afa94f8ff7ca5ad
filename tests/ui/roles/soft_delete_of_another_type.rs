use chrono::{DateTime, Utc};
use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", soft_delete)]
pub struct Incident {
    pub id: Uuid,
    pub deleted_at: DateTime<Utc>,
}

fn main() {}
