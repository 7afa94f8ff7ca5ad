use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", index(status, status), index(signature))]
pub struct Incident {
    pub id: Uuid,
    #[repository(unique)]
    pub signature: String,
    pub status: String,
}

fn main() {}
