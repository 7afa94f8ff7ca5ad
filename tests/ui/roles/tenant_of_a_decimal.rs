use repo_core::Repository;
use rust_decimal::Decimal;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", tenant)]
pub struct Incident {
    pub id: Uuid,
    pub tenant_id: Decimal,
}

#[derive(Repository)]
#[repository(table = "actions", tenant)]
pub struct Action {
    pub id: Uuid,
    pub tenant_id: serde_json::Value,
}

fn main() {}
