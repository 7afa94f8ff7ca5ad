use repo_core::Repository;
use uuid::Uuid;

#[derive(Debug, Repository)]
#[repository(table = "notes")]
pub struct Note {
    pub id: Uuid,
    #[repository(deleted = show)]
    pub author_id: Uuid,
}

fn main() {}
