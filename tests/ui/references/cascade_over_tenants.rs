use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "countries")]
pub struct Country {
    pub id: Uuid,
}

#[derive(Repository)]
#[repository(table = "members", tenant)]
pub struct Member {
    pub id: Uuid,
    pub tenant_id: Uuid,
    #[repository(references = Country, on_delete = cascade)]
    pub country_id: Uuid,
}

fn main() {}
