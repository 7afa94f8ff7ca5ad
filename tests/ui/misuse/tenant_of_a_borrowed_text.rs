use repo_core::Database;

pub fn used(db: Database) {
    let _ = db.tenant("acme");
}

fn main() {}
