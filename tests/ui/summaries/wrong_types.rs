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

#[derive(Summary)]
#[summary(entity = Call)]
pub struct ByRegion {
    #[summary(key = Call::REGION)]
    pub region: String,
    #[summary(value = count())]
    pub calls: i64,
    #[summary(value = Call::TOKENS.sum())]
    pub tokens: i64,
}

fn main() {}
