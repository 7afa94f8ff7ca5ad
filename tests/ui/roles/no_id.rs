use repo_core::{Database, Repository};
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub key: Uuid,
    pub signature: String,
}

pub async fn used(db: Database) {
    let _ = db.session().repo::<Incident>().all().await;
}

fn main() {}
