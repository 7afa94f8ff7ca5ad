use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    #[repository(on_delete = cascade)]
    pub team_id: Uuid,
}

fn main() {}
