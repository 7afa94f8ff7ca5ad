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
    pub status: Option<Vec<String>>,
    #[search(ge, column = EVENT_COUNT)]
    pub counts: Option<Vec<i64>>,
}

fn main() {}
