use repo_core::Repository;

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: String,
}

pub struct Key(String);

#[derive(Repository)]
#[repository(table = "events")]
pub struct Event {
    pub id: Key,
}

fn main() {}
