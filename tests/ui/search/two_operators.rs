use repo_core::{Repository, Search};
use uuid::Uuid;

#[derive(Debug, Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    pub status: String,
    pub event_count: i64,
}

#[derive(Search)]
#[search(entity = Incident)]
pub struct IncidentSearch {
    #[search(ge, le)]
    pub event_count: Option<i64>,
}

fn main() {}
