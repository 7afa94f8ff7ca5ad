use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", index(stats, signature), unique(severity))]
pub struct Incident {
    pub id: Uuid,
    pub signature: String,
    pub status: String,
}

fn main() {}
