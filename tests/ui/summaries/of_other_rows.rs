use repo_core::{Database, Repository, Summary, count};
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "calls")]
pub struct Call {
    pub id: Uuid,
}

#[derive(Repository)]
#[repository(table = "notes")]
pub struct Note {
    pub id: Uuid,
}

#[derive(Summary)]
#[summary(entity = Call)]
pub struct Total {
    #[summary(value = count())]
    pub calls: u64,
}

pub async fn used(db: Database) {
    let _ = db.session().repo::<Note>().query().summaries::<Total>().all().await;
}

fn main() {}
