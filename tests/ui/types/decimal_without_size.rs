use repo_core::{ColumnType, Repository};
use rust_decimal::Decimal;
use uuid::Uuid;

use rust_decimal::Decimal as Money;

#[derive(Repository)]
#[repository(table = "models")]
pub struct Model {
    pub id: Uuid,
    pub price: Decimal,
}

#[derive(ColumnType)]
pub struct Price(Money);

#[derive(Repository)]
#[repository(table = "offers")]
pub struct Offer {
    pub id: Uuid,
    pub price: Option<Money>,
    pub reduced: Price,
}

fn main() {}
