use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "models")]
pub struct Model {
    pub id: Uuid,
    #[repository(default = "none")]
    pub count: i64,
}

fn main() {}
