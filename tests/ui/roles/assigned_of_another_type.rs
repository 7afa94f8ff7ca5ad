use repo_core::Repository;

#[derive(Repository)]
#[repository(table = "weights")]
pub struct Weight {
    #[repository(assigned)]
    pub id: f64,
    pub name: String,
}

#[derive(Repository)]
#[repository(table = "parts")]
pub struct Part {
    #[repository(assigned)]
    pub id: Vec<String>,
    pub name: String,
}

#[derive(Repository)]
#[repository(table = "flags")]
pub struct Flag {
    #[repository(assigned)]
    pub id: Option<String>,
    pub name: String,
}

fn main() {}
