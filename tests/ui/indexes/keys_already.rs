use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", tenant, index(tenant_id, status))]
pub struct Incident {
    #[repository(unique)]
    pub id: Uuid,
    #[repository(index)]
    pub tenant_id: Uuid,
    pub status: String,
}

fn main() {}
