use repo_core::Repository;
use rust_decimal::Decimal;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "models")]
pub struct Model {
    pub id: Uuid,
    #[repository(decimal(19, 2))]
    pub a: Decimal,
    #[repository(decimal(4, 5))]
    pub b: Decimal,
    #[repository(decimal(4))]
    pub c: Decimal,
    #[repository(decimal)]
    pub d: Decimal,
}

fn main() {}
