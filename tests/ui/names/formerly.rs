use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    #[repository(formerly = "")]
    pub a: String,
    #[repository(formerly = "b")]
    pub b: String,
    #[repository(formerly = "b")]
    pub c: String,
    #[repository(formerly = "old", formerly = "old")]
    pub d: String,
    #[repository(formerly = "old")]
    pub e: String,
}

fn main() {}
