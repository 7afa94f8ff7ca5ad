use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "models")]
pub struct Model {
    pub id: Uuid,
    #[repository(decimal(12, 2))]
    pub price: i64,
}

fn main() {}
