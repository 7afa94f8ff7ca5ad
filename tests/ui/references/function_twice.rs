use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "folders")]
pub struct Folder {
    pub id: Uuid,
    #[repository(references = Folder)]
    pub parent: Option<Uuid>,
    #[repository(references = Folder)]
    pub parent_id: Option<Uuid>,
}

fn main() {}
