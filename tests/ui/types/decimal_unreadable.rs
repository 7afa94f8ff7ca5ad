use repo_core::Repository;
use rust_decimal::Decimal;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    #[repository(decimal("12", 2))]
    pub cost: Decimal,
}

fn main() {}
