use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    #[repository(fixed)]
    pub signature: String,
    pub status: String,
}

pub fn used() {
    let _ = IncidentPatch::new().signature("x");
}

fn main() {}
