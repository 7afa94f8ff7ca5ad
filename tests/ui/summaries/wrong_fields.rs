use repo_core::{Repository, Summary};
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
pub struct ByModel {
    #[summary(key = Call::MODEL, value = count())]
    pub model: String,
    pub calls: u64,
    #[summary(values = Call::TOKENS.sum())]
    pub tokens: Option<i64>,
    #[summary(value)]
    pub most: Option<i64>,
    #[summary(entity = Call)]
    pub least: Option<i64>,
    #[summary(key = Call::MODEL, key = Call::REGION)]
    pub region: Option<String>,
}

fn main() {}
