use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", versioned timestamps)]
pub struct Incident {
    pub id: Uuid,
    pub version: i64,
}

fn main() {}
