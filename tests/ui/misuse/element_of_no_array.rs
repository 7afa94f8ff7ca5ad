use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    pub title: String,
    #[repository(json)]
    pub tags: Vec<String>,
}

pub fn used() {
    let _ = Incident::TITLE.has_element("urgent");
    let _ = Incident::TAGS.has_element(["urgent", "open"]);
}

fn main() {}
