use chrono::{DateTime, Utc};
use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", tenant, soft_delete, immutable, index(stauts))]
pub struct Incident {
    pub id: Uuid,
    #[repository(uniqe)]
    pub signature: String,
    pub status: [u8; 4],
    #[repository(json, json)]
    pub context: serde_json::Value,
    pub deleted_at: Option<DateTime<Utc>>,
}

fn main() {}
