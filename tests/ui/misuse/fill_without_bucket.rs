use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use repo_core::{Bucket, NoTenant, Repository, Result, count};
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
    let week = Utc::now()..Utc::now() + TimeDelta::weeks(1);
    let _ = sales.query().group_by(Sale::AT).fill(week.clone()).select(count()).all().await?;
    let keys = (Sale::DAY, Sale::AT.bucket(Bucket::days(1)));
    let _ = sales.query().group_by(keys).fill(week).select(count()).all().await?;
    Ok(())
}

fn main() {}
