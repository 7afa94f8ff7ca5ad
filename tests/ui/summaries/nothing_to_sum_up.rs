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
pub struct Models {
    #[summary(key = Call::MODEL)]
    pub model: String,
}

#[derive(Summary)]
pub struct Total {
    #[summary(value = repo_core::count::<Call>())]
    pub calls: u64,
}

#[derive(Summary)]
#[summary(entity = Call, table = "calls")]
pub struct Calls(u64);

fn main() {}
