//! What both sides write: notes by repositories, numbers by hand.

use std::sync::{Arc, Mutex};

use repo_core::{AuditEntry, Database, Event, Repository, Session, Tenant};
use uuid::Uuid;

pub(crate) const ACME: Uuid = Uuid::from_u128(0xacae);
pub(crate) const BOLT: Uuid = Uuid::from_u128(0xb017);

/// A table that only sqlx knows.
pub(crate) const LEGACY: &str = "CREATE TABLE legacy (n BIGINT NOT NULL PRIMARY KEY)";

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "notes", tenant, versioned, audited, events)]
pub(crate) struct Note {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    #[repository(unique)]
    pub(crate) text: String,
    pub(crate) version: i64,
}

pub(crate) fn note(text: &str) -> NewNote {
    NewNote { text: text.to_owned() }
}

/// The session that most cases are about.
pub(crate) fn acme(db: &Database) -> Session<Tenant<Uuid>> {
    db.tenant(ACME).actor("alice").correlation("request 7")
}

/// The texts of the tenant's notes, in order.
pub(crate) async fn texts(session: &Session<Tenant<Uuid>>) -> Vec<String> {
    let notes = session.repo::<Note>().query().order_by(Note::TEXT.asc()).all().await.unwrap();
    notes.into_iter().map(|note| note.text).collect()
}

/// The entries of the trail, the oldest first.
pub(crate) async fn trail(session: &Session<Tenant<Uuid>>) -> Vec<AuditEntry> {
    session.audit().query().order_by(AuditEntry::SEQ.asc()).all().await.unwrap()
}

/// The texts that listeners are told of.
pub(crate) fn told(db: &Database) -> Arc<Mutex<Vec<String>>> {
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let telling = Arc::clone(&told);
    db.on_commit(move |event: Event<Note>| {
        telling.lock().unwrap().push(event.row().text.clone());
        async {}
    });
    told
}
