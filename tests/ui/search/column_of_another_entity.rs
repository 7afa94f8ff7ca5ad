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
#[repository(table = "reports")]
pub struct Report {
    pub id: Uuid,
    pub status: String,
}

#[derive(Search)]
#[search(entity = Incident)]
pub struct IncidentSearch {
    #[search(column = Report::STATUS)]
    pub status: Option<String>,
    #[search(column = self::Incident::EVENT_COUNT, ge)]
    pub least: Option<i64>,
}

fn main() {}
