use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "events", immutable, versioned)]
pub struct Event {
    pub id: Uuid,
    pub version: i64,
}

fn main() {}
