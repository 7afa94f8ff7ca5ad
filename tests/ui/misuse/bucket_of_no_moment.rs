use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use repo_core::{Bucket, NoTenant, Repository, Result, count};
use uuid::Uuid;

#[derive(Debug, Repository)]
#[repository(table = "sales")]
pub struct Sale {
    pub id: Uuid,
    pub price: i64,
    pub day: NaiveDate,
    pub time: NaiveTime,
    pub at: DateTime<Utc>,
}

pub async fn used(sales: SaleRepository<NoTenant>) -> Result<()> {
    let by_price = sales.query().group_by(Sale::PRICE.bucket(Bucket::days(1)));
    let _ = by_price.select(count()).all().await?;
    let by_time = sales.query().group_by(Sale::TIME.bucket(Bucket::hours(1)));
    let _ = by_time.select(count()).all().await?;
    let by_day = sales.query().group_by(Sale::DAY.bucket(Bucket::days(1)));
    let _ = by_day.fill(Utc::now()..Utc::now()).select(count()).all().await?;
    let _ = sales.filter(Sale::PRICE.on(NaiveDate::MIN)).all().await?;
    let _ = sales.filter(Sale::DAY.on(NaiveDate::MIN)).all().await?;
    Ok(())
}

fn main() {}
