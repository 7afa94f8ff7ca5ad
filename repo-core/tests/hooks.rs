//! What is told of a change when its commit does not come to its end, seen by backends that fail.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use repo_core::testing::{Canned, Event as Noted, Failing, Recorder};
use repo_core::{
    Database, DatabaseError, Error, Event, NoTenant, Problems, Repository, Session, Validate,
};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "notes", validate(create), events)]
struct Note {
    id: Uuid,
    text: String,
}

impl Validate for NewNote {
    fn validate(&self, problems: &mut Problems<Note>) {
        problems.require(Note::TEXT, !self.text.is_empty(), "is empty");
    }
}

struct Bench {
    failing: Failing,
    recorder: Recorder,
    db: Database,
    /// The texts that were told.
    told: Arc<Mutex<Vec<String>>>,
}

fn bench() -> Bench {
    let recorder = Recorder::new(Arc::new(Canned::new()));
    let failing = Failing::new(Arc::new(recorder.clone()));
    let db = Database::new(Arc::new(failing.clone()));
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let texts = Arc::clone(&told);
    db.on_commit(move |event: Event<Note>| {
        texts.lock().unwrap().push(event.row().text.clone());
        async {}
    });
    Bench { failing, recorder, db, told }
}

async fn write(session: &Session<NoTenant>, text: &str) -> Result<Note, Error> {
    session.repo::<Note>().create(NewNote { text: text.into() }).await
}

#[tokio::test]
async fn a_new_row_by_itself_is_one_statement_and_told() {
    let bench = bench();
    write(&bench.db.session(), "milk").await.unwrap();
    assert!(matches!(bench.recorder.events()[..], [Noted::Statement { .. }]));
    assert_eq!(*bench.told.lock().unwrap(), ["milk"]);
}

#[tokio::test]
async fn a_new_row_that_is_not_added_is_told_to_nobody() {
    let bench = bench();
    bench.failing.then_fail(Error::Busy { source: DatabaseError::new("locked") });
    write(&bench.db.session(), "milk").await.unwrap_err();
    assert!(write(&bench.db.session(), "").await.unwrap_err().is_validation_failed());
    assert_eq!(*bench.told.lock().unwrap(), [""; 0]);
}

#[tokio::test]
async fn what_may_not_have_been_committed_is_told_to_nobody() {
    let bench = bench();
    let transaction = bench.db.session().begin().await.unwrap();
    write(&transaction, "milk").await.unwrap();
    bench.failing.then_fail(Error::CommitUnknown { source: DatabaseError::new("gone") });
    transaction.commit().await.unwrap_err();
    assert_eq!(*bench.told.lock().unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_transaction_that_is_dropped_tells_nobody() {
    let bench = bench();
    let transaction = bench.db.session().begin().await.unwrap();
    write(&transaction, "milk").await.unwrap();
    drop(transaction);
    assert_eq!(*bench.told.lock().unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_refused_row_leaves_its_transaction_whole() {
    let bench = bench();
    let transaction = bench.db.session().begin().await.unwrap();
    assert!(write(&transaction, "").await.unwrap_err().is_validation_failed());
    write(&transaction, "milk").await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(*bench.told.lock().unwrap(), ["milk"]);
}

#[tokio::test]
async fn a_commit_that_is_dropped_amid_its_listeners_calls_no_other() {
    let bench = bench();
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    bench.db.on_commit(move |_: Event<Note>| {
        count.fetch_add(1, Ordering::SeqCst);
        std::future::pending()
    });
    let transaction = bench.db.session().begin().await.unwrap();
    write(&transaction, "milk").await.unwrap();
    write(&transaction, "eggs").await.unwrap();
    {
        let commit = pin!(transaction.commit());
        let mut context = Context::from_waker(Waker::noop());
        assert!(commit.poll(&mut context).is_pending());
    }
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    assert_eq!(*bench.told.lock().unwrap(), ["milk"]);
    let is_committed = bench.recorder.events().iter().any(|it| matches!(it, Noted::Commit));
    assert!(is_committed, "and is committed all the same");
}
