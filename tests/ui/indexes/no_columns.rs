use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", index, unique())]
pub struct Incident {
    pub id: Uuid,
}

fn main() {}
