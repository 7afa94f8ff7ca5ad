//! What a backend that keeps tenants apart is told: whose rows each session reaches, before it runs anything.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use repo_core::backend::{Backend, Connection, Dialect, Insert, OnRow, Reach, Statement};
use repo_core::testing::{Canned, Recorder};
use repo_core::{Database, Health, Repository, Result, TransactionOptions};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "notes", tenant)]
struct Note {
    id: Uuid,
    tenant_id: Uuid,
    text: String,
}

/// Nothing but its views may be used.
#[derive(Debug, Clone)]
struct Views {
    /// What runs on any view.
    view: Recorder,
    reaches: Arc<Mutex<Vec<Reach>>>,
}

#[async_trait]
impl Backend for Views {
    fn dialect(&self) -> &dyn Dialect {
        self.view.dialect()
    }

    async fn run(&self, statement: Statement<'_>, _: OnRow<'_>) -> Result<u64> {
        panic!("out of reach: {}", statement.sql)
    }

    async fn insert(&self, insert: Insert<'_>) -> Result<Vec<i64>> {
        panic!("out of reach: {}", insert.sql)
    }

    fn within(&self, reach: &Reach) -> Option<Arc<dyn Backend>> {
        self.reaches.lock().unwrap().push(reach.clone());
        Some(Arc::new(self.view.clone()))
    }

    fn has_row_level_security(&self) -> bool {
        true
    }

    async fn begin(&self, _: TransactionOptions) -> Result<Box<dyn Connection>> {
        panic!("out of reach: BEGIN")
    }

    async fn health(&self) -> Result<Health> {
        self.view.health().await
    }

    async fn close(&self) {}
}

fn views() -> Views {
    Views { view: Recorder::new(Arc::new(Canned::new())), reaches: Arc::default() }
}

#[tokio::test]
async fn everything_a_session_runs_is_in_its_reach() {
    for wrapped in [false, true] {
        let views = views();
        let backend: Arc<dyn Backend> = Arc::new(views.clone());
        let outer = Recorder::new(Arc::clone(&backend));
        let db = Database::new(if wrapped { Arc::new(outer.clone()) } else { backend });
        let notes = db.tenant(Uuid::nil()).repo::<Note>();
        notes.create(NewNote { text: "milk".into() }).await.unwrap();
        let two = ["a", "b"].map(|text| NewNote { text: text.into() });
        notes.create_many(two).await.unwrap();
        notes.session().begin().await.unwrap().commit().await.unwrap();
        assert_eq!(*views.reaches.lock().unwrap(), [Reach::Tenant(Uuid::nil().to_string())]);
        assert!(views.view.events().len() >= 4, "{:?}", views.view.events());
        if wrapped {
            assert_eq!(outer.events(), views.view.events(), "a wrapper wraps the view");
        }
    }
}

#[test]
fn each_scope_has_its_reach() {
    let views = views();
    let db = Database::new(Arc::new(views.clone()));
    db.session();
    db.all_tenants("a test");
    db.tenant(7_i64);
    db.tenant("acme".to_owned());
    // No operation of theirs gets as far as the database, but those on shared rows.
    db.tenant(String::new());
    db.tenant("a\0b".to_owned());
    let tenant = |text: &str| Reach::Tenant(text.to_owned());
    let expected =
        [Reach::Shared, Reach::All, tenant("7"), tenant("acme"), Reach::Shared, Reach::Shared];
    assert_eq!(*views.reaches.lock().unwrap(), expected);
}
