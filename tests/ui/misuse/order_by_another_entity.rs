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

#[derive(Debug, Repository)]
#[repository(table = "events", immutable)]
pub struct Event {
    pub id: Uuid,
    pub name: String,
}

pub async fn used(db: Database) {
    let incidents = db.tenant(Uuid::nil()).repo::<Incident>();
    let _ = incidents.query().order_by(Event::NAME.asc()).all().await;
    let _ = incidents.filter(Event::NAME.eq("x")).all().await;
}

fn main() {}
