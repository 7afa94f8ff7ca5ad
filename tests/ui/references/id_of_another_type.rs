use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "teams")]
pub struct Team {
    pub id: i64,
}

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    #[repository(references = Team)]
    pub team_id: Option<Uuid>,
    #[repository(references = Team)]
    pub other_team_id: String,
}

fn main() {}
