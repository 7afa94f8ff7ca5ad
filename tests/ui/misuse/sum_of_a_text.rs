use repo_core::{Database, Repository};
use uuid::Uuid;

#[derive(Debug, Repository)]
#[repository(table = "incidents", tenant)]
pub struct Incident {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub title: Option<String>,
}

pub async fn used(db: Database) {
    let incidents = db.tenant(Uuid::nil()).repo::<Incident>();
    let _ = incidents.query().sum(Incident::TITLE).await;
}

fn main() {}
