use repo_core::Repository;
use uuid::Uuid;

pub struct Team {
    pub id: Uuid,
}

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    #[repository(references = Team)]
    pub team_id: Uuid,
}

fn main() {}
