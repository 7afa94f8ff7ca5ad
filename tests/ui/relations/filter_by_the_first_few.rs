use repo_core::Repository;
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

pub fn used() {
    let few = Member::team().many().order_by(Member::AGE.desc()).limit(3);
    let _ = few.clone().has(Member::AGE.gt(7));
    let _ = few.exists();
}

fn main() {}
