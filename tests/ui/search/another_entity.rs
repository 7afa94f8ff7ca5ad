use repo_core::{Repository, Search};
use uuid::Uuid;

#[derive(Debug, Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    pub status: String,
    pub event_count: i64,
}

#[derive(Debug, Repository)]
#[repository(table = "teams")]
pub struct Team {
    pub id: Uuid,
}

#[derive(Search)]
#[search(entity = Incident)]
pub struct IncidentSearch {
    pub status: Option<String>,
}

pub fn used(teams: repo_core::Repo<Team, repo_core::NoTenant>, search: IncidentSearch) {
    let _ = teams.filter(search);
}

fn main() {}
