use chrono::{DateTime, Utc};
use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    #[repository(tenant)]
    pub org: Uuid,
    #[repository(created_at)]
    pub made: DateTime<Utc>,
}

fn main() {}
