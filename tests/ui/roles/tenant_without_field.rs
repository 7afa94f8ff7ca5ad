use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", tenant)]
pub struct Incident {
    pub id: Uuid,
    pub org: Uuid,
}

fn main() {}
