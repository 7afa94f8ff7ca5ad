use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", versioned)]
pub struct Incident {
    #[repository(fixed)]
    pub id: Uuid,
    #[repository(default = 1, sensitive)]
    pub version: i64,
}

fn main() {}
