use repo_core::{Repository, Summary, count};
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "calls")]
pub struct Call {
    pub id: Uuid,
    pub model: String,
    pub region: Option<String>,
    pub tokens: i64,
}

#[derive(Repository)]
#[repository(table = "notes")]
pub struct Note {
    pub id: Uuid,
    pub title: String,
    pub weight: i64,
}

#[derive(Summary)]
#[summary(entity = Call)]
pub struct ByTitle {
    #[summary(key = Note::TITLE)]
    pub title: String,
    #[summary(value = Note::WEIGHT.sum())]
    pub weight: Option<i64>,
    #[summary(value = count())]
    pub calls: u64,
}

fn main() {}
