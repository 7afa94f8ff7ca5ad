use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents", tenant, versioned, correlated)]
pub struct Incident {
    #[repository(fixed, max_length = 36)]
    pub id: Uuid,
    #[repository(max_length = 36)]
    pub tenant_id: Uuid,
    #[repository(default = 1, sensitive)]
    pub version: i64,
    #[repository(max_length = 36)]
    pub correlation_id: Option<Uuid>,
}

#[derive(Repository)]
#[repository(table = "parts", versioned)]
pub struct Part {
    pub id: i64,
    #[repository(max_length = 3, references = Part)]
    pub version: i64,
}

fn main() {}
