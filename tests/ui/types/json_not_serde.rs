use repo_core::Repository;
use uuid::Uuid;

pub struct Context {
    pub place: String,
}

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    #[repository(json)]
    pub context: Context,
    #[repository(json)]
    pub more: Option<Context>,
}

fn main() {}
