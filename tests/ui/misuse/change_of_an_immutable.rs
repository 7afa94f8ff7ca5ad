use repo_core::{Database, Repository};
use uuid::Uuid;

#[derive(Debug, Repository)]
#[repository(table = "events", immutable)]
pub struct Event {
    pub id: Uuid,
    pub name: String,
}

pub async fn used(db: Database, event: Event) {
    let events = db.session().repo::<Event>();
    let _ = events.update(&event).await;
    let _ = events.patch(event.id, repo_core::Patch::new()).await;
    let _ = events.delete(event.id).await;
    let _ = events.restore(event.id).await;
    let _ = events.restore_many([event.id]).await;
}

fn main() {}
