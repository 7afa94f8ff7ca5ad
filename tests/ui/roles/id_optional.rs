use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Option<Uuid>,
    pub status: String,
}

#[derive(Repository)]
#[repository(table = "actions")]
pub struct Action {
    pub id: Uuid,
    #[repository(references = Incident)]
    pub incident_id: Uuid,
}

pub fn id(incident: &Incident) -> Uuid {
    *repo_core::Entity::id(incident)
}

fn main() {}
