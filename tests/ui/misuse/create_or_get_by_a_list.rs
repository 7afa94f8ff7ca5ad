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
    let new = NewOrder { number: "7".into(), note: None };
    let _ = db.session().repo::<Order>().create_or_get([Order::NUMBER], new);
}

fn main() {}
