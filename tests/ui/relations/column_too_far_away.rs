use repo_core::Repository;
use uuid::Uuid;

#[derive(Debug, Clone, Repository)]
#[repository(table = "people")]
pub struct Person {
    pub id: Uuid,
    pub name: String,
    #[repository(references = Person)]
    pub manager_id: Option<Uuid>,
}

pub fn used() {
    let two = Person::manager().column(Person::manager().column(Person::NAME));
    let four = Person::manager().column(Person::manager().column(two));
    let _ = Person::manager().column(four);
}

fn main() {}
