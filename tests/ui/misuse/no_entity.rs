use repo_core::Database;
use uuid::Uuid;

pub struct Incident {
    pub id: Uuid,
}

pub fn used(db: Database) {
    let _ = db.session().repo::<Incident>();
}

fn main() {}
