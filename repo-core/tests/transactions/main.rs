//! What a transaction does to the connection under it, seen by recording and failing backends.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod gate;

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};

use gate::Gate;

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

async fn write(session: &Session<NoTenant>) -> Result<Note, Error> {
    session.repo::<Note>().create(NewNote { text: "milk".into() }).await
}

/// The events without the statements.
fn shape(recorder: &Recorder) -> Vec<Event> {
    let is_shape = |event: &Event| !matches!(event, Event::Statement { .. });
    recorder.events().into_iter().filter(is_shape).collect()
}

#[tokio::test]
async fn work_that_returns_ok_is_committed() {
    let bench = bench();
    bench.session.transaction(async |tx| write(tx).await).await.unwrap();
    assert_eq!(shape(&bench.recorder), [Event::Begin, Event::Commit]);
}

#[tokio::test]
async fn work_that_returns_an_error_is_rolled_back_and_the_error_is_its_own() {
    let bench = bench();
    let result: Result<(), Error> = bench
        .session
        .transaction(async |tx| {
            write(tx).await?;
            Err(Error::NoMatch { entity: "Note" })
        })
        .await;
    assert!(matches!(result, Err(Error::NoMatch { .. })));
    assert_eq!(shape(&bench.recorder), [Event::Begin, Event::Rollback]);
}

#[tokio::test]
async fn a_dropped_transaction_is_rolled_back_although_a_session_of_it_lives_on() {
    let bench = bench();
    let transaction = bench.session.begin().await.unwrap();
    let leaked = transaction.session().clone();
    drop(transaction);
    assert_eq!(shape(&bench.recorder), [Event::Begin, Event::Rollback]);
    assert!(matches!(write(&leaked).await, Err(Error::TransactionEnded)));
}

#[tokio::test]
async fn a_swallowed_error_does_not_commit() {
    let bench = bench();
    bench.failing.then_pass(1);
    bench.failing.then_fail(conflict());
    let result: Result<(), Error> = bench
        .session
        .transaction(async |tx| {
            assert!(write(tx).await.unwrap_err().is_conflict());
            assert!(matches!(write(tx).await, Err(Error::TransactionFailed { .. })));
            Ok(())
        })
        .await;
    assert!(matches!(result, Err(Error::TransactionFailed { .. })));
    assert_eq!(shape(&bench.recorder), [Event::Begin, Event::Rollback]);
}

#[tokio::test]
async fn an_error_in_a_nested_transaction_is_survived_by_the_one_around_it() {
    let bench = bench();
    bench.failing.then_pass(2);
    bench.failing.then_fail(conflict());
    bench
        .session
        .transaction(async |tx| {
            let inner = tx.transaction(async |inner| write(inner).await).await;
            assert!(inner.unwrap_err().is_conflict());
            write(tx).await
        })
        .await
        .unwrap();
    let shape = shape(&bench.recorder);
    let expected =
        [Event::Begin, Event::Savepoint("set"), Event::Savepoint("returned to"), Event::Commit];
    assert_eq!(shape, expected);
}

#[tokio::test]
async fn the_outer_session_is_refused_while_a_nested_transaction_is_open() {
    let bench = bench();
    let outer = bench.session.begin().await.unwrap();
    let inner = outer.begin().await.unwrap();
    assert!(matches!(write(&outer).await, Err(Error::InnerTransactionOpen)));
    write(&inner).await.unwrap();
    inner.commit().await.unwrap();
    write(&outer).await.unwrap();
    outer.commit().await.unwrap();
}

#[tokio::test]
async fn a_dropped_savepoint_is_undone_before_anything_else_runs() {
    let bench = bench();
    let outer = bench.session.begin().await.unwrap();
    drop(outer.begin().await.unwrap());
    write(&outer).await.unwrap();
    outer.commit().await.unwrap();
    let events = bench.recorder.events();
    let returned = events.iter().position(|e| *e == Event::Savepoint("returned to")).unwrap();
    let wrote = events.iter().position(|e| matches!(e, Event::Statement { .. })).unwrap();
    assert!(returned < wrote);
}

#[tokio::test]
async fn hooks_run_after_the_outermost_commit_and_never_after_a_rollback() {
    let bench = bench();
    let ran = Arc::new(AtomicUsize::new(0));
    let hook = |by: usize| {
        let ran = Arc::clone(&ran);
        async move {
            ran.fetch_add(by, Ordering::SeqCst);
        }
    };
    let seen = Arc::clone(&ran);
    bench
        .session
        .transaction(async |tx| {
            tx.after_commit(hook(1)).await?;
            tx.transaction(async |inner| inner.after_commit(hook(10)).await).await?;
            let undone: Result<(), Error> = tx
                .transaction(async |inner| {
                    inner.after_commit(hook(100)).await?;
                    Err(Error::NoMatch { entity: "Note" })
                })
                .await;
            assert!(undone.is_err());
            assert_eq!(seen.load(Ordering::SeqCst), 0, "nothing runs before the commit");
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    assert_eq!(ran.load(Ordering::SeqCst), 11);
    bench.session.after_commit(hook(1_000)).await.unwrap();
    assert_eq!(ran.load(Ordering::SeqCst), 1_011, "outside a transaction at once");
}

#[tokio::test]
async fn hooks_do_not_run_when_the_commit_fails() {
    let bench = bench();
    let ran = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&ran);
    bench.failing.then_pass(1);
    bench.failing.then_fail(Error::CommitUnknown { source: DatabaseError::new("gone") });
    let result = bench
        .session
        .transaction(async |tx| {
            tx.after_commit(async move {
                count.fetch_add(1, Ordering::SeqCst);
            })
            .await
        })
        .await;
    assert!(matches!(result, Err(Error::CommitUnknown { .. })));
    assert_eq!(ran.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_row_is_locked_only_inside_a_transaction_that_may_write() {
    let bench = bench();
    let outside = bench.session.repo::<Note>().query().for_update().all().await;
    assert!(matches!(outside, Err(Error::NoTransaction { .. })));
    let options = repo_core::TransactionOptions::new().read_only();
    let tx = bench.session.begin_with(options).await.unwrap();
    let read_only = tx.repo::<Note>().query().for_update().all().await;
    assert!(matches!(read_only, Err(Error::ReadOnly { .. })));
}

#[tokio::test]
async fn options_belong_to_the_outermost_transaction() {
    let bench = bench();
    let tx = bench.session.begin().await.unwrap();
    let options = repo_core::TransactionOptions::new().read_only();
    assert!(tx.begin_with(options).await.unwrap_err().is_invalid_input());
}

#[tokio::test]
async fn rows_that_do_not_fit_are_found_before_the_transaction_is_touched() {
    let bench = bench();
    let tx = bench.session.begin().await.unwrap();
    let rows = ["a", "b\0"].map(|text| NewNote { text: text.into() });
    assert!(tx.repo::<Note>().create_many(rows).await.unwrap_err().is_invalid_input());
    write(&tx).await.unwrap();
    tx.commit().await.unwrap();
}

/// A connection whose next statement waits until it is let go.
struct Held {
    recorder: Recorder,
    gate: Gate,
    session: Session<NoTenant>,
}

fn held() -> Held {
    let recorder = Recorder::new(Arc::new(Canned::new()));
    let gate = Gate::new(Arc::new(recorder.clone()));
    let session = Database::new(Arc::new(gate.clone())).session();
    Held { recorder, gate, session }
}

/// Polls a future once: it must not be done.
fn start<F: Future>(future: Pin<&mut F>) {
    let mut context = Context::from_waker(Waker::noop());
    assert!(future.poll(&mut context).is_pending());
}

#[tokio::test]
async fn a_commit_that_is_cancelled_while_it_waits_for_its_turn_is_a_rollback() {
    let Held { recorder, gate, session } = held();
    let tx = session.begin().await.unwrap();
    let leaked = tx.session().clone();
    gate.shut();
    let mut writing = pin!(write(&leaked));
    start(writing.as_mut());
    {
        let mut commit = pin!(tx.commit());
        start(commit.as_mut());
    }
    gate.open();
    writing.await.unwrap();
    assert_eq!(shape(&recorder), [Event::Begin, Event::Rollback]);
    assert!(matches!(write(&leaked).await, Err(Error::TransactionEnded)));
}

#[tokio::test]
async fn a_rollback_that_is_cancelled_while_it_waits_for_its_turn_is_still_one() {
    let Held { recorder, gate, session } = held();
    let tx = session.begin().await.unwrap();
    let leaked = tx.session().clone();
    gate.shut();
    let mut writing = pin!(write(&leaked));
    start(writing.as_mut());
    {
        let mut rollback = pin!(tx.rollback());
        start(rollback.as_mut());
    }
    gate.open();
    writing.await.unwrap();
    assert_eq!(shape(&recorder), [Event::Begin, Event::Rollback]);
}

#[tokio::test]
async fn whoever_gives_up_waiting_leaves_no_dropped_transaction_open() {
    let Held { recorder, gate, session } = held();
    let tx = session.begin().await.unwrap();
    let leaked = tx.session().clone();
    gate.shut();
    let mut writing = pin!(write(&leaked));
    start(writing.as_mut());
    {
        let mut next = Box::pin(write(&leaked));
        start(next.as_mut());
        drop(tx);
        gate.open();
        writing.await.unwrap();
        // It is its turn now, and it goes.
    }
    assert_eq!(shape(&recorder), [Event::Begin, Event::Rollback]);
}

#[tokio::test]
async fn a_savepoint_that_could_not_be_kept_is_undone_and_no_longer_open() {
    let bench = bench();
    let outer = bench.session.begin().await.unwrap();
    let inner = outer.begin().await.unwrap();
    bench.failing.then_fail(Error::Backend(DatabaseError::new("no release")));
    assert!(matches!(inner.commit().await, Err(Error::Backend(_))));
    write(&outer).await.unwrap();
    outer.commit().await.unwrap();
    let expected =
        [Event::Begin, Event::Savepoint("set"), Event::Savepoint("returned to"), Event::Commit];
    assert_eq!(shape(&bench.recorder), expected);
}
