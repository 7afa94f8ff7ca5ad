use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "teams")]
pub struct Team {
    pub id: Uuid,
}

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    #[repository(references = Team::id)]
    pub team_id: Uuid,
    #[repository(references = crate::Team::ID)]
    pub other_id: Uuid,
}

fn main() {}
