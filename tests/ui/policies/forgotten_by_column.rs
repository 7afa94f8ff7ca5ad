use chrono::{DateTime, Utc};
use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "badges")]
pub struct Badge {
    pub id: Uuid,
    #[repository(column = "tenant_id")]
    pub owner: Uuid,
    #[repository(column = "version")]
    pub revision: i64,
    #[repository(column = "deleted_at", plain)]
    pub returned: Option<DateTime<Utc>>,
}

#[derive(Repository)]
#[repository(table = "passes", immutable)]
pub struct Pass {
    pub id: Uuid,
    #[repository(column = "deleted_at")]
    pub returned: Option<DateTime<Utc>>,
}

fn main() {}
