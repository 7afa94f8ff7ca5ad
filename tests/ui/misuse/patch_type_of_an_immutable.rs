use repo_core::Repository;
use uuid::Uuid;

#[derive(Debug, Repository)]
#[repository(table = "events", immutable)]
pub struct Event {
    pub id: Uuid,
    pub name: String,
}

pub fn used() {
    let _ = EventPatch::new();
}

fn main() {}
