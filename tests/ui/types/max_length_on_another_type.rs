use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "models")]
pub struct Model {
    pub id: Uuid,
    #[repository(max_length = 10)]
    pub price: i64,
}

fn main() {}
