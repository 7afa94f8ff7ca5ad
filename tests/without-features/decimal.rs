use repo_core::Repository;
use rust_decimal::Decimal;

#[derive(Repository)]
#[repository(table = "articles")]
pub struct Article {
    pub id: i64,
    #[repository(decimal(12, 2))]
    pub price: Decimal,
}

fn main() {}
