use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "models")]
pub struct Model<T> {
    pub id: Uuid,
    pub value: T,
}

fn main() {}
