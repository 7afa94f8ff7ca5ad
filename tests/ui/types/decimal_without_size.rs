use repo_core::Repository;
use rust_decimal::Decimal;
use uuid::Uuid;

use rust_decimal::Decimal as Money;

#[derive(Repository)]
#[repository(table = "models")]
pub struct Model {
    pub id: Uuid,
    pub price: Decimal,
}

#[derive(Repository)]
#[repository(table = "offers")]
pub struct Offer {
    pub id: Uuid,
    pub price: Option<Money>,
}

fn main() {}
