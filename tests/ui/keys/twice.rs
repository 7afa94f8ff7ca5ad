use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", versioned, table = "cases")]
#[repository(versioned)]
pub struct Incident {
    pub id: Uuid,
    #[repository(unique, column = "a", unique)]
    pub signature: String,
    pub version: i64,
}

fn main() {}
