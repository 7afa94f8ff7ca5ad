use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", index(status down), unique(signature desc))]
pub struct Incident {
    pub id: Uuid,
    pub signature: String,
    pub status: String,
}

fn main() {}
