use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "billing.orders")]
pub struct Order {
    pub id: Uuid,
}

fn main() {}
