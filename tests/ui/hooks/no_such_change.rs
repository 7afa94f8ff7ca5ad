use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "notes", validate(updates))]
pub struct Note {
    pub id: Uuid,
    pub title: String,
}

fn main() {}
