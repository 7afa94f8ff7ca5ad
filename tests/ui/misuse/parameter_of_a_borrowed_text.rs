use repo_core::Database;

pub fn used(db: Database) {
    let session = db.session();
    let _ = session.unchecked_sql("it is asked by hand").bind("x");
}

fn main() {}
