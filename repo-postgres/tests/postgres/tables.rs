//! `create_tables` where all is there: nobody waits for it, it waits for nobody, and any role may ask for it.

use std::time::Duration;

use repo_core::__beside::backend;
use repo_core::{Database, Repository, Schema, TransactionOptions, schema};
use repo_postgres::Options;
use uuid::Uuid;

use crate::scratch::{Scratch, count};

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
    let script = all().script(db.dialect()).unwrap();
    let mut maker = backend(&db).begin(TransactionOptions::new()).await.unwrap();
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

/// A connection for whoever `scratch` is of, to several schemas.
async fn in_path(scratch: &Scratch, path: &[&str]) -> Database {
    let alone = format!("search_path%3D{}", scratch.schema);
    let url = scratch.url.replacen(&alone, &format!("search_path%3D{}", path.join("%2C")), 1);
    Options::new(&url).unwrap().pool_size(1).connect().await.unwrap()
}

/// How many relations and functions a schema has.
async fn things_in(scratch: &Scratch) -> i64 {
    let sql = format!(
        "SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = '{0}'::regnamespace) \
         + (SELECT count(*) FROM pg_proc WHERE pronamespace = '{0}'::regnamespace)",
        scratch.schema
    );
    count(&scratch.connect().await, &sql).await
}

#[tokio::test]
async fn tables_of_a_later_schema_of_the_search_path_are_there() {
    let (owner, other) = (Scratch::of_a_role().await, Scratch::new().await);
    let (Some(owner), Some(other)) = (owner, other) else { return };
    let own = owner.options().connect().await.unwrap();
    own.create_tables(&all()).await.unwrap();
    own.tenant(ACME).actor("alice").repo::<Shelf>().create(new("a")).await.unwrap();
    let before = things_in(&other).await;
    let usage = format!("USAGE ON SCHEMA {} TO {}", other.schema, owner.role());
    for right in [format!("GRANT {usage}"), format!("GRANT CREATE, {usage}")] {
        owner.admin(&right).await;
        let db = in_path(&owner, &[&other.schema, &owner.schema]).await;
        db.create_tables(&all()).await.unwrap();
        assert_eq!(things_in(&other).await, before, "{right}");
        let session = db.tenant(ACME).actor("alice");
        assert_eq!(session.repo::<Shelf>().count().await.unwrap(), 1);
        let shelf = session.repo::<Shelf>().first().await.unwrap().unwrap();
        session.repo::<Loan>().create(NewLoan { shelf_id: shelf.id }).await.unwrap();
        assert_eq!(db.doctor(&all()).await.unwrap(), []);
        db.close().await;
    }
}

#[tokio::test]
async fn what_a_table_lacks_is_made_beside_it_whatever_another_schema_has() {
    let (Some(scratch), Some(other)) = (Scratch::new().await, Scratch::new().await) else { return };
    scratch.options().connect().await.unwrap().create_tables(&all()).await.unwrap();
    other
        .admin(
            "CREATE TABLE copy (place bigint, label text); \
             CREATE INDEX shelves_tenant_id_place_idx ON copy (place); \
             CREATE UNIQUE INDEX shelves_tenant_id_label_key ON copy (label)",
        )
        .await;
    let before = things_in(&other).await;
    scratch
        .admin(
            "DROP INDEX shelves_tenant_id_place_idx, shelves_tenant_id_label_key; \
             DROP SEQUENCE repo_audit_unchained",
        )
        .await;
    let db = in_path(&scratch, &[&other.schema, &scratch.schema]).await;
    assert_eq!(db.doctor(&all()).await.unwrap().len(), 3);
    let without = things_in(&scratch).await;
    db.create_tables(&all()).await.unwrap();
    assert_eq!(db.doctor(&all()).await.unwrap(), []);
    assert_eq!(things_in(&scratch).await, without + 3);
    assert_eq!(things_in(&other).await, before);
    // A sequence that hides that of the trail.
    other.admin("CREATE SEQUENCE repo_audit_unchained").await;
    let found = db.doctor(&all()).await.unwrap();
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    let expected = "the table `repo_audit` is in another schema than the sequence \
        `repo_audit_unchained` that the search path finds";
    assert_eq!(found, [expected]);
}

#[tokio::test]
async fn a_temporary_table_is_not_taken_for_one_that_is_missing() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = in_path(&scratch, &[&scratch.schema, "pg_temp"]).await;
    let mut raw = backend(&db).begin(TransactionOptions::new()).await.unwrap();
    raw.execute_script("CREATE TEMPORARY TABLE shelves (x integer)").await.unwrap();
    raw.commit().await.unwrap();
    db.create_tables(&all()).await.unwrap();
    db.tenant(ACME).actor("alice").repo::<Shelf>().create(new("a")).await.unwrap();
    assert_eq!(db.doctor(&all()).await.unwrap(), []);
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

#[tokio::test]
async fn the_indexes_of_a_partition_are_those_of_its_table() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().connect().await.unwrap();
    db.create_tables(&schema![Shelf]).await.unwrap();
    scratch
        .admin(
            "ALTER TABLE shelves RENAME TO shelves_1; \
             CREATE TABLE shelves (LIKE shelves_1) PARTITION BY HASH (tenant_id); \
             ALTER TABLE shelves ATTACH PARTITION shelves_1 FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
        )
        .await;
    db.create_tables(&schema![Shelf]).await.unwrap();
    scratch.admin("ALTER TABLE shelves DETACH PARTITION shelves_1").await;
    let refused = db.create_tables(&schema![Shelf]).await.unwrap_err();
    assert!(refused.to_string().contains("`shelves_1` has what is called so"), "{refused}");
}

#[tokio::test]
async fn a_name_in_another_schema_of_the_path_is_nobodys() {
    let (Some(scratch), Some(other)) = (Scratch::new().await, Scratch::new().await) else { return };
    other.options().connect().await.unwrap().create_tables(&schema![Shelf]).await.unwrap();
    other.admin("ALTER TABLE shelves RENAME TO old; ALTER TABLE repo_audit RENAME TO past").await;
    let url = scratch.url.replace(&scratch.schema, &format!("{},{}", scratch.schema, other.schema));
    let db = Options::new(&url).unwrap().connect().await.unwrap();
    db.create_tables(&schema![Shelf]).await.unwrap();
    assert_eq!(db.doctor(&schema![Shelf]).await.unwrap(), []);
}
