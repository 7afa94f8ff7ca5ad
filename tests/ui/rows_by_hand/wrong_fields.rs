use repo_core::{ColumnType, Repository, SqlRow};
use rust_decimal::Decimal;
use uuid::Uuid;

#[derive(Debug, Clone, Repository)]
#[repository(table = "quotes")]
pub struct Quote {
    pub id: Uuid,
    pub text: String,
    #[repository(decimal(12, 2))]
    pub price: Decimal,
}

#[derive(Debug, Clone, ColumnType)]
pub struct Rate(Decimal);

/// Not a type of a column.
#[derive(Debug)]
pub struct Note;

#[derive(Debug, SqlRow)]
pub struct Line {
    pub place: i64,
    pub note: Note,
    pub total: Decimal,
    pub rate: Option<Rate>,
    #[sql_row(column = Quote::TEXT)]
    pub price: Decimal,
    #[sql_row(column = Quote::PRIZE)]
    pub prize: Option<Decimal>,
}

fn main() {}
