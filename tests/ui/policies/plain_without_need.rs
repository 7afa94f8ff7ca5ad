use chrono::{DateTime, Utc};
use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "posts", tenant, soft_delete, timestamps)]
pub struct Post {
    #[repository(plain)]
    pub id: Uuid,
    #[repository(plain)]
    pub tenant_id: Uuid,
    #[repository(plain)]
    pub text: String,
    #[repository(plain)]
    pub version: String,
    #[repository(deleted_at)]
    pub gone: Option<DateTime<Utc>>,
    #[repository(plain)]
    pub deleted_at: Option<DateTime<Utc>>,
    #[repository(plain)]
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

fn main() {}
