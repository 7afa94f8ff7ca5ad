use repo_core::{Database, Result, SqlRow};

#[derive(Debug, SqlRow)]
#[sql_row(entity = Quote)]
pub struct Line {
    #[sql_row(name = "place")]
    pub place: i64,
}

#[derive(Debug, SqlRow)]
pub struct Pair(i64, i64);

#[derive(Debug, SqlRow)]
pub enum Side {
    Buy,
}

#[derive(Debug)]
pub struct Underived {
    pub place: i64,
}

/// What is wrong with a struct is told at the struct alone.
pub async fn used(db: Database) -> Result<(Vec<Line>, Vec<Pair>)> {
    let lines = db.session().sql::<Line>("SELECT 1 AS place").all().await?;
    Ok((lines, db.session().unchecked_sql("tried").sql("SELECT 1").all().await?))
}

pub async fn unknown(db: Database) {
    let _ = db.session().sql::<Underived>("SELECT 1 AS place").all().await;
}

fn main() {}
