use repo_core::{Database, Repository};
use uuid::Uuid;

#[derive(Debug, Repository)]
#[repository(table = "people", tenant)]
pub struct Person {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub name: String,
}

#[derive(Debug, Repository)]
#[repository(table = "tickets", tenant)]
pub struct Ticket {
    pub id: Uuid,
    pub tenant_id: Uuid,
    #[repository(references = Person)]
    pub owner_id: Uuid,
    pub title: String,
}

pub async fn used(db: Database) {
    let tickets = db.tenant(Uuid::nil()).repo::<Ticket>();
    let _ = tickets.filter(Ticket::owner().column(Person::NAME).eq("x")).all().await;
}

fn main() {}
