use repo_core::{Repository, Search};
use uuid::Uuid;

mod entity {
    pub use repo_core::*;
}

#[derive(Debug, Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    pub status: String,
    pub event_count: i64,
}

#[derive(Search)]
#[search(crate = crate::entity)]
pub struct IncidentSearch {
    pub status: Option<String>,
}

fn main() {}
