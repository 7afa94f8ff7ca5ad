use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "models")]
pub struct Model {
    pub id: Uuid,
    pub name: Option<Option<String>>,
}

fn main() {}
