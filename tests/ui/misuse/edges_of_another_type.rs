use chrono::{DateTime, NaiveDate, Utc};
use repo_core::{NoTenant, Repository, Result, count};
use uuid::Uuid;

#[derive(Debug, Repository)]
#[repository(table = "sales")]
pub struct Sale {
    pub id: Uuid,
    pub price: i64,
    pub at: DateTime<Utc>,
}

pub async fn used(sales: SaleRepository<NoTenant>, days: Vec<NaiveDate>) -> Result<()> {
    let _ = Sale::PRICE.bucket_between(&[10, 100]);
    let _ = Sale::AT.bucket_between(&days);
    let hours = [Utc::now(), Utc::now()];
    let by_hour = sales.query().group_by(Sale::AT.bucket_between(&hours));
    let _ = by_hour.fill(hours[0]..hours[1]).select(count()).all().await?;
    Ok(())
}

fn main() {}
