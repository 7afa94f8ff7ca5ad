use repo_core::{Database, Repository};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq)]
pub struct Context;

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "incidents", tenant, versioned, unique(signature, context), index(status))]
pub struct Incident {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub signature: String,
    pub status: String,
    pub context: Context,
    pub version: u64,
}

pub async fn used(db: Database, id: Uuid) -> repo_core::Result<()> {
    let incidents = db.tenant(Uuid::nil()).repo::<Incident>();
    let (signature, status) = ("timeout".to_owned(), "open".to_owned());
    let new = NewIncident { signature, status, context: Context };
    let mut incident = incidents.create(new).await?;
    incident.signature.push('x');
    incidents.update(&incident).await?;
    incidents.patch(id, IncidentPatch::new().signature("y").context(Context)).await?;
    incidents.filter(Incident::SIGNATURE.eq("y")).order_by(Incident::ID.desc()).all().await?;
    incidents.list_by_status("open").await?;
    incidents.delete(id).await?;
    Ok(())
}

fn main() {}
