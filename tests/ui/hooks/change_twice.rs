use repo_core::{Problems, Repository, Validate};
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "notes", validate(create, create))]
pub struct Note {
    pub id: Uuid,
    pub title: String,
}

impl Validate for NewNote {
    fn validate(&self, _: &mut Problems<Note>) {}
}

fn main() {}
