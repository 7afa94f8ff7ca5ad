use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "settings", tenant, unique(tenant_id), index(global, tenant_id), unique(id))]
#[repository(unique(global, tenant_id, status), index(global, tenant_id, id desc))]
pub struct Settings {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub status: String,
}

fn main() {}
