use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", tenant, unique(global, signature))]
pub struct Incident {
    pub id: Uuid,
    pub tenant_id: Uuid,
    #[repository(unique)]
    pub signature: String,
}

fn main() {}
