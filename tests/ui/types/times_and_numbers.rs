use chrono::{DateTime, Local, NaiveDateTime};
use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    pub opened: NaiveDateTime,
    pub closed: DateTime<Local>,
    pub events: u64,
}

fn main() {}
