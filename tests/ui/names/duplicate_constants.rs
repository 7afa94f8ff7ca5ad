use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents")]
#[allow(non_snake_case)]
pub struct Incident {
    pub id: Uuid,
    pub event_count: String,
    pub eventCount: String,
}

fn main() {}
