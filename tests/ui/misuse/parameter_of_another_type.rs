use repo_core::{Database, Repository, Result};

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: i64,
    pub note: Option<String>,
}

async fn f(db: Database) -> Result<Vec<i64>> {
    db.session()
        .unchecked_sql("an example")
        .bind_as(Incident::ID, 7_i32)
        .fetch("SELECT id FROM incidents WHERE id = $1", |row| row.get(0))
        .await
}

fn main() {}
