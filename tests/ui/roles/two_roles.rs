use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", tenant)]
pub struct Incident {
    #[repository(id, tenant)]
    pub key: Uuid,
    pub tenant_id: Uuid,
}

fn main() {}
