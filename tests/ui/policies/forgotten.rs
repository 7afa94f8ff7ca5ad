use chrono::{DateTime, Utc};
use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "posts")]
pub struct Post {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub text: String,
    pub version: i64,
    pub deleted_at: Option<DateTime<Utc>>,
}

#[derive(Repository)]
#[repository(table = "notes", index(tenant_id, text))]
pub struct Note {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub text: String,
    #[repository(default = 1)]
    pub version: i64,
}

fn new_ones() -> (NewPost, NewNote) {
    let note = NewNote { tenant_id: Uuid::nil(), text: String::new() };
    (NewPost { text: String::new() }, note)
}

fn main() {
    new_ones();
}
