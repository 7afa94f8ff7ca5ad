use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", versioned)]
pub struct Incident {
    pub id: Uuid,
    pub version: i32,
}

fn main() {}
