use repo_core::{Database, Repository};
use uuid::Uuid;

#[derive(Debug, Repository)]
#[repository(table = "events", immutable)]
pub struct Event {
    pub id: Uuid,
    #[repository(unique)]
    pub name: String,
}

pub async fn used(db: Database, event: Event) {
    let events = db.session().repo::<Event>();
    let _ = events.query().patch_all(repo_core::Patch::new()).await;
    let _ = events.query().delete_all().await;
    let _ = events.query().delete_in_chunks(500).await;
    let _ = events.patch_many([(event.id, repo_core::Patch::new())]).await;
    let _ = events.delete_many([event.id]).await;
    let _ = events.upsert(Event::NAME, NewEvent { name: event.name.clone() }).await;
    let _ = events.upsert_many(Event::NAME, [NewEvent { name: event.name }]).await;
}

fn main() {}
