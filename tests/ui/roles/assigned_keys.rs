use repo_core::Repository;

#[derive(Repository)]
#[repository(table = "instruments", tenant)]
pub struct Instrument {
    #[repository(assigned, sensitive, fixed, unique)]
    pub id: String,
    #[repository(assigned)]
    pub tenant_id: String,
    #[repository(assigned)]
    pub name: String,
}

#[derive(Repository)]
#[repository(table = "counters")]
pub struct Counter {
    #[repository(assigned, max_length = 12)]
    pub id: i64,
    pub name: String,
}

fn main() {}
