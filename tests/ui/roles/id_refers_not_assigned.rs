use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "people")]
pub struct Person {
    pub id: Uuid,
    pub name: String,
}

#[derive(Repository)]
#[repository(table = "person_details")]
pub struct PersonDetails {
    #[repository(id, references = Person)]
    pub person_id: Uuid,
    pub address: String,
}

#[derive(Repository)]
#[repository(table = "nodes")]
pub struct Node<K: repo_core::IdType> {
    pub id: K,
    pub parent: Option<K>,
}

fn main() {}
