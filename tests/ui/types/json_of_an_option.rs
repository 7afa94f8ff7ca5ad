use repo_core::Repository;

type Steps = Option<Vec<String>>;

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    id: uuid::Uuid,
    #[repository(json)]
    steps: Steps,
}

fn main() {}
