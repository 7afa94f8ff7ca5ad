use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", json)]
pub struct Incident {
    pub id: Uuid,
    #[repository(soft_delete)]
    pub signature: String,
}

fn main() {}
