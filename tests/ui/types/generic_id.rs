use repo_core::{ColumnType, Repository};

#[derive(Repository)]
#[repository(table = "models")]
pub struct Model<K: ColumnType> {
    pub id: K,
    pub name: String,
}

fn main() {}
