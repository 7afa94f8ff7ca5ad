use repo_core::{Database, Repository};
use uuid::Uuid;

#[derive(Debug, Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    #[repository(json)]
    pub tags: Vec<String>,
}

pub async fn used(db: Database) {
    let incidents = db.session().repo::<Incident>();
    let _ = incidents.query().group_by(Incident::TAGS);
}

fn main() {}
