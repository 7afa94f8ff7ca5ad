//! How the row is found that a batch failed for, and what becomes of a batch of which some rows may fail, seen
//! by recording and failing backends.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::sync::Arc;

use repo_core::testing::{Canned, Event, Failing, Recorder};
use repo_core::{Database, DatabaseError, Error, NoTenant, Repository, Session};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "notes")]
struct Note {
    id: Uuid,
    text: String,
}

struct Bench {
    failing: Failing,
    recorder: Recorder,
    session: Session<NoTenant>,
}

fn bench() -> Bench {
    let recorder = Recorder::new(Arc::new(Canned::new()));
    let failing = Failing::new(Arc::new(recorder.clone()));
    let session = Database::new(Arc::new(failing.clone())).session();
    Bench { failing, recorder, session }
}

fn conflict() -> Error {
    Error::Conflict { entity: "Note", constraint: "notes_pkey".into(), columns: vec![] }
}

fn lost() -> Error {
    Error::Connection { source: DatabaseError::new("gone") }
}

fn notes() -> [NewNote; 4] {
    ["a", "b", "c", "d"].map(|text| NewNote { text: text.to_owned() })
}

impl Bench {
    async fn create(&self) -> Error {
        self.session.repo::<Note>().create_many(notes()).await.unwrap_err()
    }

    /// The events without the statements.
    fn shape(&self) -> Vec<Event> {
        let is_shape = |event: &Event| !matches!(event, Event::Statement { .. });
        self.recorder.events().into_iter().filter(is_shape).collect()
    }
}

#[tokio::test]
async fn the_row_is_looked_for_by_halves_and_nothing_of_that_stays() {
    let bench = bench();
    bench.failing.then_fail(conflict());
    // The transaction, then the first two and the third, each in a savepoint, and the savepoint of the last.
    bench.failing.then_pass(1 + 3 + 3 + 1);
    bench.failing.then_fail(conflict());
    let error = bench.create().await;
    assert!(error.is_conflict());
    assert_eq!(error.row(), Some(3));
    let shape = bench.shape();
    assert_eq!((shape.first(), shape.last()), (Some(&Event::Begin), Some(&Event::Rollback)));
    assert!(!shape.contains(&Event::Commit));
}

#[tokio::test]
async fn a_reason_that_is_gone_when_it_is_looked_for_names_no_row() {
    let bench = bench();
    bench.failing.then_fail(conflict());
    let error = bench.create().await;
    assert!(error.is_conflict() && error.row().is_none(), "{error}");
    assert!(!bench.shape().contains(&Event::Commit));
}

#[tokio::test]
async fn a_connection_that_is_lost_meanwhile_leaves_the_error_as_it_is() {
    let bench = bench();
    bench.failing.then_fail(conflict());
    bench.failing.then_pass(2);
    bench.failing.then_fail(lost());
    let error = bench.create().await;
    assert!(error.is_conflict() && error.row().is_none(), "{error}");
}

#[tokio::test]
async fn what_no_row_caused_is_not_looked_for() {
    let bench = bench();
    bench.failing.then_fail(lost());
    let error = bench.create().await;
    assert!(matches!(error, Error::Connection { .. }), "{error}");
    assert_eq!(bench.recorder.events(), []);
}

#[tokio::test]
async fn what_no_row_caused_ends_a_batch_of_which_some_may_fail() {
    let bench = bench();
    let notes_of = bench.session.repo::<Note>();
    bench.failing.then_pass(2);
    bench.failing.then_fail(conflict());
    bench.failing.then_pass(1);
    bench.failing.then_fail(lost());
    let done = notes_of.create_many_partial(notes()).await;
    assert!(matches!(done, Err(Error::Connection { .. })), "{done:?}");
    let shape = bench.shape();
    assert_eq!(shape.last(), Some(&Event::Rollback));
    assert!(!shape.contains(&Event::Commit));
}

#[tokio::test]
async fn a_batch_without_rows_sends_nothing() {
    let bench = bench();
    let none: [NewNote; 0] = [];
    let done = bench.session.repo::<Note>().create_many_partial(none).await.unwrap();
    assert!(done.is_empty());
    assert_eq!(bench.recorder.events(), []);
}
