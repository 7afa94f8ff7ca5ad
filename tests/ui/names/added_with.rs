use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", tenant)]
pub struct Incident {
    #[repository(added_with = Uuid::nil())]
    pub id: Uuid,
    #[repository(added_with = Uuid::nil())]
    pub tenant_id: Uuid,
    #[repository(sensitive, added_with = "none".to_owned())]
    pub iban: String,
    #[repository(added_with)]
    pub title: String,
    #[repository(added_with = "none")]
    pub place: String,
}

fn main() {}
