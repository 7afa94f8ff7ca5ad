use repo_core::{Database, Event, Repository};
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "notes")]
pub struct Note {
    pub id: Uuid,
    pub title: String,
}

pub fn listen(db: &Database) {
    db.on_commit(|_: Event<Note>| async {});
}

fn main() {}
