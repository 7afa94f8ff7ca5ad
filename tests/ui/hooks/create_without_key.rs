use repo_core::{Problems, Repository, Validate};
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "notes", immutable)]
pub struct Note {
    pub id: Uuid,
    pub title: String,
}

impl Validate for NewNote {
    fn validate(&self, problems: &mut Problems<Note>) {
        problems.require(Note::TITLE, !self.title.is_empty(), "is empty");
    }
}

fn main() {}
