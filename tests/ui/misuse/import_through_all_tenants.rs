use repo_core::{Database, Repository};
use uuid::Uuid;

#[derive(Debug, Repository)]
#[repository(table = "incidents", tenant)]
pub struct Incident {
    pub id: Uuid,
    pub tenant_id: Uuid,
}

pub async fn used(db: Database, file: &[u8]) {
    let incidents = db.all_tenants("support").repo::<Incident>();
    let _ = incidents.import_csv(file).await;
    let _ = incidents.import_json_lines(file).await;
}

fn main() {}
