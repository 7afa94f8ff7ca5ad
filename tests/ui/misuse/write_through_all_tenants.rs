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

pub async fn used(db: Database, incident: Incident) {
    let incidents = db.all_tenants("nightly report").repo::<Incident>();
    let _ = incidents.all().await;
    let _ = incidents.find_by_status("open").await;
    let _ = incidents.create(NewIncident { status: "open".to_owned() }).await;
    let _ = incidents.create_many(vec![NewIncident { status: "open".to_owned() }]).await;
    let _ = incidents.update(&incident).await;
    let _ = incidents.patch(incident.id, IncidentPatch::new().status("done")).await;
    let _ = incidents.delete(incident.id).await;
}

fn main() {}
