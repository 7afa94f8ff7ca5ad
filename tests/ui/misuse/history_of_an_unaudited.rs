use repo_core::{Database, Repository};
use uuid::Uuid;

#[derive(Debug, Repository)]
#[repository(table = "incidents", tenant)]
pub struct Incident {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub status: String,
}

pub async fn used(db: Database, id: Uuid) {
    let trail = db.tenant(Uuid::nil()).audit();
    let _ = trail.history::<Incident>(id).all().await;
    let _ = trail.as_of::<Incident>(id, chrono::Utc::now()).await;
}

fn main() {}
