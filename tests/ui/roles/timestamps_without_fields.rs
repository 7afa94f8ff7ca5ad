use chrono::{DateTime, Utc};
use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", timestamps)]
pub struct Incident {
    pub id: Uuid,
    pub created: DateTime<Utc>,
}

fn main() {}
