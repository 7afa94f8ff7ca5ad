use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "teams", tenant)]
pub struct Team {
    pub id: Uuid,
    pub tenant_id: Uuid,
}

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    #[repository(references = Team)]
    pub team_id: Uuid,
}

fn main() {}
