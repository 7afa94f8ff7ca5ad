//! What is done once a transaction is committed.

use std::sync::{Arc, Mutex};

use repo_core::{Error, schema};

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::Fixture;

/// What happened, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    fn note(&self, what: &'static str) -> impl Future<Output = ()> + Send + 'static {
        let log = Arc::clone(&self.0);
        async move { log.lock().unwrap().push(what) }
    }

    fn taken(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

pub(crate) async fn hooks_run_in_order_after_the_commit(fixture: Fixture) {
    let (db, log) = (fixture.with(&schema![Item]).await, Log::default());
    let outcome: Result<(), Error> = db
        .session()
        .transaction(async |tx| {
            tx.after_commit(log.note("first")).await?;
            tx.repo::<Item>().create(item("a")).await?;
            tx.after_commit(log.note("second")).await?;
            tx.transaction(async |inner| inner.after_commit(log.note("inner")).await).await?;
            tx.after_commit(log.note("third")).await?;
            assert_eq!(log.taken(), [""; 0], "not before the commit");
            Ok(())
        })
        .await;
    outcome.unwrap();
    assert_eq!(log.taken(), ["first", "second", "inner", "third"]);
}

pub(crate) async fn a_hook_sees_what_was_committed(fixture: Fixture) {
    let db = fixture.pool_of_one(&schema![Item]).await;
    let seen = Arc::new(Mutex::new(0));
    let tx = db.session().begin().await.unwrap();
    tx.repo::<Item>().create(item("a")).await.unwrap();
    let (after, count) = (db.session(), Arc::clone(&seen));
    tx.after_commit(async move {
        let items = after.repo::<Item>().count().await.unwrap();
        *count.lock().unwrap() = items;
    })
    .await
    .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(*seen.lock().unwrap(), 1);
}

pub(crate) async fn no_hook_runs_without_a_commit(fixture: Fixture) {
    let (db, log) = (fixture.with(&schema![Item]).await, Log::default());
    let tx = db.session().begin().await.unwrap();
    tx.after_commit(log.note("rolled back")).await.unwrap();
    tx.rollback().await.unwrap();
    let tx = db.session().begin().await.unwrap();
    tx.after_commit(log.note("dropped")).await.unwrap();
    drop(tx);
    let tx = db.session().begin().await.unwrap();
    tx.after_commit(log.note("failed")).await.unwrap();
    tx.repo::<Item>().create(item("a")).await.unwrap();
    assert_error!(tx.repo::<Item>().create(item("a")).await, Error::Conflict { .. });
    assert_error!(tx.commit().await, Error::TransactionFailed { .. });
    assert_eq!(log.taken(), [""; 0]);
}

pub(crate) async fn a_hook_goes_with_the_level_it_was_given_on(fixture: Fixture) {
    let (db, log) = (fixture.with(&schema![Item]).await, Log::default());
    let tx = db.session().begin().await.unwrap();
    tx.after_commit(log.note("outer")).await.unwrap();
    let inner = tx.begin().await.unwrap();
    inner.after_commit(log.note("undone")).await.unwrap();
    let innermost = inner.begin().await.unwrap();
    innermost.after_commit(log.note("undone with it")).await.unwrap();
    innermost.commit().await.unwrap();
    inner.rollback().await.unwrap();
    let inner = tx.begin().await.unwrap();
    inner.after_commit(log.note("kept")).await.unwrap();
    inner.commit().await.unwrap();
    let dropped = tx.begin().await.unwrap();
    dropped.after_commit(log.note("dropped")).await.unwrap();
    drop(dropped);
    tx.commit().await.unwrap();
    assert_eq!(log.taken(), ["outer", "kept"]);
}

pub(crate) async fn outside_a_transaction_a_hook_runs_at_once(fixture: Fixture) {
    let log = Log::default();
    fixture.db.session().after_commit(log.note("now")).await.unwrap();
    assert_eq!(log.taken(), ["now"]);
}
