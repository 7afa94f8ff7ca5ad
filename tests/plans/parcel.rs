//! The table, and its rows: those of the small tenants lie between each other.

use chrono::{DateTime, TimeDelta, Utc};
use repo_core::{Database, Repository, Result, schema};
use uuid::Uuid;

/// How many tenants have `ROWS` rows; they are numbered from 1.
pub(crate) const SMALL: i64 = 500;
/// The tenant with many rows.
pub(crate) const LARGE: i64 = SMALL + 1;

const ROWS: i64 = 1_000;
const LARGE_ROWS: i64 = 100_001;
/// How many rows of a small tenant lie together.
const TOGETHER: i64 = 250;

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "parcels", tenant, soft_delete, versioned)]
#[repository(index(arrived desc), index(state, arrived desc), index(due, id))]
pub(crate) struct Parcel {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: i64,
    #[repository(unique)]
    pub(crate) code: String,
    #[repository(index)]
    pub(crate) carrier: String,
    pub(crate) state: i16,
    pub(crate) arrived: DateTime<Utc>,
    pub(crate) due: Option<DateTime<Utc>>,
    pub(crate) version: i64,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

/// When the first parcels arrived.
pub(crate) fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_750_000_000, 0).expect("a moment of 2025")
}

pub(crate) async fn seed(db: &Database) -> Result<()> {
    db.create_tables(&schema![Parcel]).await?;
    for from in (0..ROWS).step_by(TOGETHER as usize) {
        for tenant in 1..=SMALL {
            let parcels = db.tenant(tenant).repo::<Parcel>();
            parcels.create_many((from..from + TOGETHER).map(parcel)).await?;
        }
    }
    let large = db.tenant(LARGE).repo::<Parcel>();
    large.create_many((0..LARGE_ROWS).map(parcel)).await?;
    Ok(())
}

/// The parcel number `n` of a tenant. Three arrive at once; one in five is never due.
fn parcel(n: i64) -> NewParcel {
    let arrived = start() + TimeDelta::seconds(n / 3);
    NewParcel {
        code: format!("P-{n}"),
        carrier: format!("carrier {}", n % 40),
        state: i16::try_from(n % 8).expect("below 8"),
        arrived,
        due: (n % 5 > 0).then(|| arrived + TimeDelta::hours(n % 7)),
    }
}
