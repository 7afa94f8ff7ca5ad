use chrono::{DateTime, Utc};
use repo_core::{Database, Repository};
use uuid::Uuid;

#[derive(Debug, Repository)]
#[repository(table = "events", immutable)]
pub struct Event {
    pub id: Uuid,
    pub name: String,
}

pub async fn used(db: Database, event: Event, time: DateTime<Utc>) {
    let events = db.session().repo::<Event>();
    let _ = events.purge(event.id).await;
    let _ = events.purge_many([event.id]).await;
    let _ = events.purge_deleted_before(time).await;
}

fn main() {}
