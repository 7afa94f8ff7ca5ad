use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = incidents)]
pub struct Incident {
    pub id: Uuid,
    #[repository(max_length = "long")]
    pub signature: String,
    #[repository(references = "Team", on_delete = explode)]
    pub team_id: Uuid,
}

fn main() {}
