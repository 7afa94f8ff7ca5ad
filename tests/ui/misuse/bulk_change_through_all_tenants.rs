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
    let incidents = db.all_tenants("nightly report").repo::<Incident>();
    let patch = || IncidentPatch::new().status("done");
    let _ = incidents.query().patch_all(patch()).await;
    let _ = incidents.query().delete_all().await;
    let _ = incidents.query().delete_in_chunks(500).await;
    let _ = incidents.patch_many([(id, patch())]).await;
    let _ = incidents.delete_many([id]).await;
    let new = || NewIncident { status: "done".to_owned() };
    let _ = incidents.upsert(Incident::STATUS, new()).await;
    let _ = incidents.upsert_many(Incident::STATUS, [new()]).await;
    let _ = incidents.create_many_partial([new()]).await;
}

fn main() {}
