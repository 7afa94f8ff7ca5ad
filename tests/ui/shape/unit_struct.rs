use repo_core::Repository;

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident;

fn main() {}
