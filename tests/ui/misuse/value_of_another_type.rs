use chrono::{DateTime, NaiveDate, Utc};
use repo_core::Repository;
use uuid::Uuid;

#[derive(Debug, Repository)]
#[repository(table = "sales")]
pub struct Sale {
    pub id: Uuid,
    pub price: i64,
    #[repository(default = 1)]
    pub pieces: i64,
    pub day: NaiveDate,
    pub at: DateTime<Utc>,
}

pub fn used(new: NewSale) -> (SalePatch, SaleDraft) {
    (SalePatch::new().price("0").at("now"), new.pieces("1"))
}

fn main() {}
