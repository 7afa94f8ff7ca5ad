use chrono::{DateTime, Utc};
use repo_core::{Database, Repository};
use uuid::Uuid;

#[derive(Debug, Repository)]
#[repository(table = "incidents", tenant, soft_delete)]
pub struct Incident {
    pub id: Uuid,
    pub tenant_id: Uuid,
    #[repository(unique)]
    pub status: String,
    pub deleted_at: Option<DateTime<Utc>>,
}

pub async fn used(db: Database, id: Uuid) {
    let incidents = db.all_tenants("nightly report").repo::<Incident>();
    let new = NewIncident { status: "open".to_owned() };
    let _ = incidents.create_or_get(Incident::STATUS, new).await;
    let _ = incidents.restore(id).await;
    let _ = incidents.purge(id).await;
    let _ = incidents.restore_many([id]).await;
    let _ = incidents.purge_many([id]).await;
}

fn main() {}
