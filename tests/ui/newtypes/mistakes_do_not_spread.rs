use repo_core::{ColumnEnum, ColumnType, Repository};
use uuid::Uuid;

#[derive(ColumnType)]
pub struct Money {
    pub cents: i64,
    pub currency: String,
}

#[derive(ColumnEnum)]
pub enum Nothing {}

#[derive(Repository)]
#[repository(table = "incidents", index(cost, nothing))]
pub struct Incident {
    pub id: Uuid,
    pub cost: Money,
    pub nothing: Option<Nothing>,
}

fn main() {}
