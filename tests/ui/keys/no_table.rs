use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
pub struct IncidentReport {
    pub id: Uuid,
}

fn main() {}
