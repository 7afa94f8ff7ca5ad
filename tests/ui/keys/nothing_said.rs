use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents")]
#[repository]
pub struct Incident {
    pub id: Uuid,
    #[repository()]
    pub signature: String,
    #[repository = "json"]
    pub status: String,
    #[repository("json")]
    pub context: String,
}

fn main() {}
