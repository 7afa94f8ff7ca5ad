use chrono::{DateTime, NaiveDate, Utc};
use repo_core::{NoTenant, Repository, Result};
use uuid::Uuid;

#[derive(Debug, Repository)]
#[repository(table = "sales")]
pub struct Sale {
    pub id: Uuid,
    pub price: i64,
    pub day: NaiveDate,
    pub at: DateTime<Utc>,
}

pub async fn used(sales: SaleRepository<NoTenant>) -> Result<()> {
    let newest = sales.query().order_by(Sale::AT).limit(9).all().await?;
    let _: Option<&Sale> = newest.first();
    Ok(())
}

fn main() {}
