use chrono::{DateTime, Utc};
use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", timestamps)]
pub struct Incident {
    pub id: Uuid,
    pub created_at: String,
    pub updated_at: Option<DateTime<Utc>>,
}

fn main() {}
