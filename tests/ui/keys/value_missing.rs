use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table)]
pub struct Incident {
    pub id: Uuid,
    #[repository(max_length)]
    pub signature: String,
    #[repository(default = )]
    pub count: i64,
}

fn main() {}
