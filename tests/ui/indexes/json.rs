use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", index(tags))]
pub struct Incident {
    pub id: Uuid,
    #[repository(json)]
    pub tags: Vec<String>,
    #[repository(index)]
    pub context: serde_json::Value,
}

fn main() {}
