use repo_core::Repository;

#[derive(Repository)]
#[repository(table = "instruments")]
pub struct Instrument {
    pub id: String,
    pub name: String,
}

#[derive(Repository)]
#[repository(table = "counters")]
pub struct Counter {
    #[repository(id)]
    pub number: i32,
    pub name: String,
}

fn main() {}
