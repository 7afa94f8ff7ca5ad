use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident<'a> {
    pub id: Uuid,
    pub signature: &'a str,
}

fn main() {}
