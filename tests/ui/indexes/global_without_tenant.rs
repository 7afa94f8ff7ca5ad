use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", unique(global, status))]
pub struct Incident {
    pub id: Uuid,
    pub status: String,
}

fn main() {}
