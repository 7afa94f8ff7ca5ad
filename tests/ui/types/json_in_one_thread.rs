use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    #[repository(json)]
    pub count: std::cell::Cell<i64>,
}

fn main() {}
