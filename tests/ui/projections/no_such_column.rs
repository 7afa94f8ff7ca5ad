use repo_core::{Projection, Repository};
use uuid::Uuid;

#[derive(Debug, Clone, Repository)]
#[repository(table = "countries")]
pub struct Country {
    pub id: Uuid,
    pub name: String,
}

#[derive(Debug, Clone, Repository)]
#[repository(table = "teams", tenant)]
pub struct Team {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub name: String,
    #[repository(references = Country)]
    pub country_id: Uuid,
}

#[derive(Debug, Clone, Repository)]
#[repository(table = "members", tenant)]
pub struct Member {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub age: i32,
    #[repository(references = Team)]
    pub team_id: Option<Uuid>,
}

#[derive(Debug, Projection)]
#[projection(entity = Member)]
pub struct Line {
    pub id: Uuid,
    pub years: i32,
}

fn main() {}
