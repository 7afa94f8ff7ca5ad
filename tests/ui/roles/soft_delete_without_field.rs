use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", soft_delete)]
pub struct Incident {
    pub id: Uuid,
}

fn main() {}
