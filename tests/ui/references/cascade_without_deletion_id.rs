use chrono::{DateTime, Utc};
use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "projects", soft_delete)]
pub struct Project {
    pub id: Uuid,
    pub deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    pub deletion_id: Option<Uuid>,
}

#[derive(Repository)]
#[repository(table = "tasks", soft_delete)]
pub struct Task {
    pub id: Uuid,
    #[repository(references = Project, on_delete = cascade)]
    pub project_id: Uuid,
    pub deleted_at: Option<DateTime<Utc>>,
}

fn main() {}
