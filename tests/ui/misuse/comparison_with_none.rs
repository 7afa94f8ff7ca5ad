use repo_core::{Database, Repository};
use uuid::Uuid;

#[derive(Debug, Clone, Repository)]
#[repository(table = "orders")]
pub struct Order {
    pub id: Uuid,
    #[repository(unique)]
    pub number: String,
    pub note: Option<String>,
}

pub fn used(db: &Database) {
    let _ = db.session().repo::<Order>().filter(Order::NOTE.eq(None));
}

fn main() {}
