use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    #[repository(id)]
    pub key: Uuid,
    #[repository(id)]
    pub other: Uuid,
}

fn main() {}
