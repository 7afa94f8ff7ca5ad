use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", versioned = true)]
pub struct Incident {
    pub id: Uuid,
    #[repository(unique(signature, status))]
    pub signature: String,
    #[repository(json(pretty))]
    pub status: String,
    pub version: i64,
}

fn main() {}
