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
    #[repository(references = Team, on_delete = set_null)]
    pub team_id: Option<Uuid>,
}

fn main() {}
