use repo_core::{Problems, Repository, ValidateUpdate};
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "notes")]
pub struct Note {
    pub id: Uuid,
    pub title: String,
}

impl ValidateUpdate for Note {
    fn validate_update(&self, before: &Note, problems: &mut Problems<Note>) {
        problems.require(Note::TITLE, self.title == before.title, "stays");
    }
}

fn main() {}
