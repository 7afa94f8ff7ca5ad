use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", formerly = "")]
#[repository(formerly = "incidents", formerly = "billing.alarms")]
#[repository(formerly = "alarms", formerly = "alarms")]
pub struct Incident {
    pub id: Uuid,
}

fn main() {}
