use repo_core::{Problems, Repository, Validate};
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "notes", validate(create))]
pub struct Note {
    pub id: Uuid,
    pub title: String,
}

#[derive(Repository)]
#[repository(table = "tags")]
pub struct Tag {
    pub id: Uuid,
    pub name: String,
}

impl Validate for NewNote {
    fn validate(&self, problems: &mut Problems<Note>) {
        problems.require(Tag::NAME, !self.title.is_empty(), "is empty");
    }
}

fn main() {}
