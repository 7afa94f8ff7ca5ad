use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "models")]
pub struct Model {
    pub id: Uuid,
    #[repository(json, unique, max_length = 9)]
    pub tags: Vec<String>,
}

fn main() {}
