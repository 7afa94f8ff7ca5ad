use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "tickets", tenant, unique(queue, number), unique(global, code, tenant_id))]
pub struct Ticket {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub queue: String,
    pub number: i64,
    #[repository(unique)]
    pub queue_and_number: String,
    #[repository(unique)]
    pub code: String,
}

fn main() {}
