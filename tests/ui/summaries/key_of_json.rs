use repo_core::{Repository, Summary, count};
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "calls")]
pub struct Call {
    pub id: Uuid,
    pub model: String,
    pub payload: serde_json::Value,
}

#[derive(Summary)]
#[summary(entity = Call)]
pub struct ByPayload {
    #[summary(key = Call::PAYLOAD)]
    pub payload: serde_json::Value,
    #[summary(value = count())]
    pub calls: u64,
}

#[derive(Summary)]
#[summary(entity = Call)]
pub struct ByModel {
    #[summary(key = Call::MODEL)]
    pub model: String,
    #[summary(value = Call::MODEL)]
    pub calls: u64,
}

fn main() {}
