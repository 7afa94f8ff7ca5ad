use repo_core::{Database, Repository};
use uuid::Uuid;

pub struct Context {
    pub place: String,
}

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    #[repository(index)]
    pub context: Context,
    pub other: Option<Context>,
    pub tags: Vec<String>,
}

pub async fn used(db: Database) {
    let incidents = db.session().repo::<Incident>();
    let _ = incidents.all().await;
    let _ = incidents.find(Uuid::nil()).await;
}

fn main() {}
