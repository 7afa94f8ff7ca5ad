use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    #[repository(json)]
    pub tags: Vec<String>,
}

pub fn used() {
    let _ = Incident::TAGS.eq(vec!["a".to_owned()]);
    let _ = Incident::TAGS.asc();
}

fn main() {}
