use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", softdelete)]
pub struct Incident {
    pub id: Uuid,
    #[repository(uniqe)]
    pub signature: String,
    #[repository(zebra)]
    pub status: String,
}

fn main() {}
