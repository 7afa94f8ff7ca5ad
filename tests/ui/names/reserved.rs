use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "SQLite_rows")]
pub struct Version {
    pub id: Uuid,
    pub xmin: i64,
    #[repository(column = "ctid")]
    pub place: String,
    #[repository(column = "XMAX")]
    pub most: i64,
    pub oid: i64,
    pub rowid: i64,
}

fn main() {}
