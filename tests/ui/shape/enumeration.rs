use repo_core::Repository;

#[derive(Repository)]
#[repository(table = "incidents")]
pub enum Incident {
    Open,
    Closed,
}

fn main() {}
