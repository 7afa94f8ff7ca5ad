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

pub fn used(db: Database) {
    let _ = db.session().repo::<Incident>();
}

fn main() {}
