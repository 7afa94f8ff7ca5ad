use repo_core::{Database, Repository};
use uuid::Uuid;

#[derive(Debug, Repository)]
#[repository(table = "incidents", tenant)]
pub struct Incident {
    pub id: Uuid,
    pub tenant_id: Uuid,
    #[repository(unique)]
    pub status: String,
}

pub async fn used(db: Database, id: Uuid) {
    let incidents = db.tenant(Uuid::nil()).repo::<Incident>();
    let _ = incidents.restore(id).await;
    let _ = incidents.purge(id).await;
    let _ = incidents.restore_many([id]).await;
    let _ = incidents.purge_many([id]).await;
    let _ = incidents.query().with_deleted().all().await;
}

fn main() {}
