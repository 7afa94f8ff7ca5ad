use repo_core::{Database, Repository, count};
use uuid::Uuid;

#[derive(Debug, Repository)]
#[repository(table = "incidents", tenant)]
pub struct Incident {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub status: String,
}

#[derive(Debug, Repository)]
#[repository(table = "events", immutable)]
pub struct Event {
    pub id: Uuid,
    pub size: i64,
}

pub async fn used(db: Database) {
    let incidents = db.tenant(Uuid::nil()).repo::<Incident>();
    let _ = incidents.query().sum(Event::SIZE).await;
    let _ = incidents.query().aggregate((count(), Event::SIZE.sum())).await;
    let groups = incidents.query().group_by(Incident::STATUS).select(count());
    let _ = groups.having(Event::SIZE.sum().gt(5)).all().await;
    let _ = incidents.query().group_by(Event::SIZE);
}

fn main() {}
