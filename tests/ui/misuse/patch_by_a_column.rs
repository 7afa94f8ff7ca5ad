use repo_core::{Patch, Repository};
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", tenant)]
struct Incident {
    id: Uuid,
    tenant_id: Uuid,
    status: String,
}

fn main() {
    let _ = Patch::new().set(Incident::TENANT_ID, Uuid::max());
}
