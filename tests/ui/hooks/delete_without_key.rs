use repo_core::{Problems, Repository, ValidateDelete};
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "notes")]
pub struct Note {
    pub id: Uuid,
    pub title: String,
}

impl ValidateDelete for Note {
    fn validate_delete(&self, problems: &mut Problems<Note>) {
        problems.add("is kept");
    }
}

fn main() {}
