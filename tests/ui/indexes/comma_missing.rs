use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", index(status kind), unique(status kind), index("status"))]
pub struct Incident {
    pub id: Uuid,
    pub status: String,
    pub kind: String,
}

fn main() {}
