use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", correlated)]
pub struct Incident {
    pub id: Uuid,
    pub correlation_id: i64,
}

fn main() {}
