use repo_core::Repository;

#[derive(Repository)]
#[repository(table = "incidents")]
pub union Incident {
    id: u64,
    key: i64,
}

fn main() {}
