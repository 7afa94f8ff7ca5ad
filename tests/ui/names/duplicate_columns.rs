use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    pub status: String,
    #[repository(column = "Status")]
    pub state: String,
}

fn main() {}
