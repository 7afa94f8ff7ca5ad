//! Operations that have begun and are not polled: who waits for them is told so, and nothing is kept by halves.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::any::Any;
use std::future::IntoFuture as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use repo_core::backend::{Backend, Connection, Dialect, Insert, OnRow, Statement};
use repo_core::testing::Canned;
use repo_core::{Database, Error, Health, Repository, Result, TransactionOptions};
use tokio::sync::Semaphore;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "notes", audited)]
struct Note {
    id: Uuid,
    text: String,
}

#[derive(Repository)]
#[repository(table = "plains")]
struct Plain {
    id: Uuid,
    text: String,
}

#[derive(Repository)]
#[repository(table = "claims", tenant, audited)]
struct Claim {
    id: Uuid,
    tenant_id: i64,
    text: String,
}

/// A database whose connections answer as often as the gate lets them.
#[derive(Debug, Clone)]
struct Gated {
    canned: Canned,
    gate: Arc<Semaphore>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Gated {
    fn new(answers: usize) -> Self {
        let gate = Arc::new(Semaphore::new(answers));
        Self { canned: Canned::new(), gate, log: Arc::default() }
    }

    fn database(&self) -> Database {
        Database::new(Arc::new(self.clone()))
    }

    async fn pass(&self, what: &str) {
        self.gate.acquire().await.unwrap().forget();
        self.log.lock().unwrap().push(what.to_owned());
    }

    /// The first words of what was sent.
    fn sent(&self) -> Vec<String> {
        let words = |sql: &String| sql.split(' ').take(2).collect::<Vec<_>>().join(" ");
        self.log.lock().unwrap().iter().map(words).collect()
    }
}

#[async_trait::async_trait]
impl Backend for Gated {
    fn dialect(&self) -> &dyn Dialect {
        Backend::dialect(&self.canned)
    }

    async fn run(&self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        Backend::run(&self.canned, statement, on_row).await
    }

    async fn insert(&self, insert: Insert<'_>) -> Result<Vec<i64>> {
        Backend::insert(&self.canned, insert).await
    }

    async fn begin(&self, _: TransactionOptions) -> Result<Box<dyn Connection>> {
        Ok(Box::new(self.clone()))
    }

    async fn health(&self) -> Result<Health> {
        self.canned.health().await
    }

    async fn close(&self) {}
}

#[async_trait::async_trait]
impl Connection for Gated {
    async fn run(&mut self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        self.pass(statement.sql).await;
        Connection::run(&mut self.canned, statement, on_row).await
    }

    async fn insert(&mut self, insert: Insert<'_>) -> Result<Vec<i64>> {
        self.pass(insert.sql).await;
        Connection::insert(&mut self.canned, insert).await
    }

    async fn execute_script(&mut self, _: &str) -> Result<()> {
        Ok(())
    }

    async fn savepoint(&mut self, _: usize) -> Result<()> {
        self.pass("SAVEPOINT").await;
        Ok(())
    }

    async fn release(&mut self, _: usize) -> Result<()> {
        self.pass("RELEASE").await;
        Ok(())
    }

    async fn rollback_to(&mut self, _: usize) -> Result<()> {
        self.pass("ROLLBACK TO").await;
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<()> {
        self.pass("COMMIT").await;
        Ok(())
    }

    async fn rollback(self: Box<Self>) -> Result<()> {
        self.pass("ROLLBACK").await;
        Ok(())
    }

    fn as_any(&mut self) -> Option<&mut (dyn Any + Send)> {
        Some(self)
    }
}

fn plain() -> NewPlain {
    NewPlain { text: "b".into() }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_cannot_be_recorded_is_not_committed() {
    let gated = Gated::new(0);
    let tx = gated.database().session().actor("eve").begin().await.unwrap();
    let (notes, plains) = (tx.repo::<Note>(), tx.repo::<Plain>());
    let mut first = Box::pin(notes.create(NewNote { text: "a".into() }).into_future());
    let mut second = Box::pin(plains.create(plain()).into_future());
    // The first is answered and lets the second go before it, which then has the turn and is kept.
    assert!(first.as_mut().now_or_never().is_none());
    assert!(second.as_mut().now_or_never().is_none());
    gated.gate.add_permits(1);
    assert!(first.as_mut().now_or_never().is_none());
    assert!(second.as_mut().now_or_never().is_none());
    gated.gate.add_permits(10);
    let refused = first.await.map(drop);
    assert!(matches!(refused, Err(Error::OperationNotAwaited)), "{refused:?}");
    second.await.unwrap();
    let commit = tx.commit().await;
    assert!(matches!(commit, Err(Error::TransactionFailed { .. })), "{commit:?}");
    assert_eq!(gated.sent().last().map(String::as_str), Some("ROLLBACK"), "{:?}", gated.sent());
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_is_kept_keeps_nobody_waiting_for_ever() {
    let gated = Gated::new(0);
    let tx = gated.database().session().begin().await.unwrap();
    let other = tx.session().clone();
    let mut rollback = Box::pin(tx.rollback());
    assert!(rollback.as_mut().now_or_never().is_none());
    gated.gate.add_permits(10);
    let plains = other.repo::<Plain>();
    let waited = plains.create(plain()).into_future();
    let waited = tokio::time::timeout(Duration::from_secs(60), waited).await;
    let refused = waited.expect("it is told").map(drop);
    assert!(matches!(refused, Err(Error::OperationNotAwaited)), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_savepoint_that_is_dropped_while_its_connection_is_lent_is_undone() {
    let gated = Gated::new(1_000);
    let tx = gated.database().session().actor("eve").begin().await.unwrap();
    let savepoint = tx.session().begin().await.unwrap();
    let (inner, outer) = (savepoint.session().clone(), &tx);
    let work = async move |connection: &mut Gated| {
        connection.pass("BY HAND").await;
        drop(savepoint);
        let meanwhile = outer.repo::<Plain>().create(plain()).await.map(drop);
        assert!(matches!(meanwhile, Err(Error::ConnectionLent)), "{meanwhile:?}");
        Ok(())
    };
    let lent = inner.unchecked_sql("why").lend::<Gated, ()>("none", work).await;
    assert!(lent.is_err(), "its savepoint is over");
    let _ = tx.commit().await;
    let sent = gated.sent();
    assert!(sent.contains(&"ROLLBACK TO".to_owned()), "{sent:?}");
}

#[tokio::test(start_paused = true)]
async fn a_first_look_at_all_tenants_that_is_kept_keeps_nobody_waiting_for_ever() {
    let gated = Gated::new(0);
    let session = gated.database().all_tenants("why").actor("eve");
    let claims = session.repo::<Claim>();
    let mut kept = Box::pin(async { claims.count().await.map(drop) });
    assert!(kept.as_mut().now_or_never().is_none());
    gated.gate.add_permits(100);
    let waited = async { session.repo::<Claim>().count().await.map(drop) };
    let waited = tokio::time::timeout(Duration::from_secs(60), waited).await;
    let refused = waited.expect("it is told");
    assert!(matches!(refused, Err(Error::OperationNotAwaited)), "{refused:?}");
}
