//! `create_tables` where all is there: nobody waits for it, it waits for nobody, and any role may ask for it.

use std::time::Duration;

use repo_core::{Database, Repository, Schema, TransactionOptions, schema};
use repo_postgres::Options;
use uuid::Uuid;

use crate::scratch::Scratch;

const ACME: Uuid = Uuid::from_u128(0xacae);

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "shelves", tenant, audited, soft_delete, index(place))]
struct Shelf {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(unique)]
    label: String,
    place: i64,
    deleted_at: Option<chrono::DateTime<chrono::Utc>>,
}

/// Never changes.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "Loan's \"book\"", tenant, immutable, audited(unchained))]
struct Loan {
    id: i64,
    tenant_id: Uuid,
    #[repository(references = Shelf, index)]
    shelf_id: Uuid,
}

fn all() -> Schema {
    schema![Loan, Shelf]
}

fn new(label: &str) -> NewShelf {
    NewShelf { label: label.to_owned(), place: 1 }
}

/// What somebody has who waits for nobody.
async fn at_once<T>(what: impl IntoFuture<Output = repo_core::Result<T>>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what.into_future())
        .await
        .expect("it waits")
        .unwrap()
}

#[tokio::test]
async fn tables_that_are_there_are_made_beside_a_transaction_that_writes() {
    let Some(scratch) = Scratch::new().await else { return };
    let (one, other) = (scratch.options(), scratch.options());
    let (db, beside) = (one.connect().await.unwrap(), other.connect().await.unwrap());
    db.create_tables(&all()).await.unwrap();
    let session = db.tenant(ACME).actor("alice").begin().await.unwrap();
    let shelf = session.repo::<Shelf>().create(new("a")).await.unwrap();
    session.repo::<Loan>().create(NewLoan { shelf_id: shelf.id }).await.unwrap();
    at_once(beside.create_tables(&all())).await;
    session.commit().await.unwrap();
    assert_eq!(beside.tenant(ACME).repo::<Loan>().count().await.unwrap(), 1);
}

#[tokio::test]
async fn nobody_waits_for_who_makes_tables_that_are_there() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    let db = scratch.options().row_level_security(true).connect().await.unwrap();
    db.create_tables(&all()).await.unwrap();
    let script = all().script(db.backend().dialect()).unwrap();
    let mut maker = db.backend().begin(TransactionOptions::new()).await.unwrap();
    maker.execute_script(&script).await.unwrap();
    let shelves = db.tenant(ACME).actor("alice").repo::<Shelf>();
    let shelf = at_once(shelves.create(new("a"))).await;
    at_once(shelves.delete(shelf.id)).await;
    // What conflicts with any lock of a table at all.
    scratch
        .admin("BEGIN; SET LOCAL lock_timeout = '5s'; LOCK TABLE shelves, repo_audit; COMMIT")
        .await;
    maker.rollback().await.unwrap();
}

/// The database for a role that may read and write the tables of another, and make nothing.
async fn as_guest(owner: &Scratch, guest: &Scratch, row_level_security: bool) -> Database {
    let (schema, role) = (owner.role(), guest.role());
    let grants = format!(
        "GRANT USAGE ON SCHEMA {schema} TO {role}; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}; \
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}"
    );
    owner.admin(&grants).await;
    let url = owner.url.replacen(&format!("{schema}:{schema}"), &format!("{role}:{role}"), 1);
    let options = Options::new(&url).unwrap().row_level_security(row_level_security);
    options.connect().await.unwrap()
}

#[tokio::test]
async fn tables_that_are_there_are_made_by_a_role_that_may_make_nothing() {
    for row_level_security in [false, true] {
        let (owner, guest) = (Scratch::of_a_role().await, Scratch::of_a_role().await);
        let (Some(owner), Some(guest)) = (owner, guest) else { return };
        let own = owner.options().row_level_security(row_level_security).connect().await.unwrap();
        own.create_tables(&all()).await.unwrap();
        let db = as_guest(&owner, &guest, row_level_security).await;
        db.create_tables(&all()).await.unwrap();
        let session = db.tenant(ACME).actor("alice");
        let shelf = session.repo::<Shelf>().create(new("a")).await.unwrap();
        session.repo::<Loan>().create(NewLoan { shelf_id: shelf.id }).await.unwrap();
        assert_eq!(session.audit().count().await.unwrap(), 2);
        // What is missing, it may not make.
        owner.admin("DROP INDEX shelves_tenant_id_label_key").await;
        let refused = db.create_tables(&all()).await.unwrap_err().to_string();
        assert!(refused.contains("must be owner of table shelves"), "{refused}");
        own.create_tables(&all()).await.unwrap();
        db.create_tables(&all()).await.unwrap();
        assert_eq!(own.doctor(&all()).await.unwrap(), []);
        db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_make_the_same_tables_at_once_under_any_default_isolation() {
    for isolation in ["repeatable read", "serializable"] {
        let Some(scratch) = Scratch::of_a_role().await else { return };
        let role = scratch.role();
        let default =
            format!("ALTER ROLE {role} SET default_transaction_isolation = '{isolation}'");
        scratch.admin(&default).await;
        let mut makers = Vec::new();
        for _ in 0..6 {
            let db = scratch.options().row_level_security(true).connect().await.unwrap();
            makers.push(tokio::spawn(async move { db.create_tables(&all()).await }));
        }
        for maker in makers {
            maker.await.unwrap().unwrap();
        }
    }
}
