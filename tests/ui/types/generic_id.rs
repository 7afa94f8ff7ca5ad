use repo_core::Repository;

#[derive(Repository)]
#[repository(table = "models")]
pub struct Model<K: repo_core::IdType> {
    pub id: K,
    pub name: String,
}

fn main() {}
