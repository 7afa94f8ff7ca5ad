use chrono::{DateTime, Utc};
use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "projects")]
pub struct Project {
    pub id: Uuid,
}

#[derive(Repository)]
#[repository(table = "events", immutable, timestamps)]
pub struct Event {
    pub id: Uuid,
    #[repository(references = Project, on_delete = cascade)]
    pub project_id: Uuid,
    pub created_at: DateTime<Utc>,
}

fn main() {}
