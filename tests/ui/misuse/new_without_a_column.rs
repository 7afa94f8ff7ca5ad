use repo_core::Repository;
use uuid::Uuid;

#[derive(Debug, Repository)]
#[repository(table = "incidents", tenant)]
pub struct Incident {
    pub id: Uuid,
    pub tenant_id: Uuid,
    #[repository(unique)]
    pub signature: String,
    pub status: String,
}

pub fn used() {
    let _ = NewIncident { status: "open".to_owned() };
    let _ = NewIncident { status: "open".to_owned(), signature: String::new(), id: Uuid::nil() };
}

fn main() {}
