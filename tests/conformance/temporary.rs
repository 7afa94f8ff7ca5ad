//! What SQL by hand makes: nothing that lasts on its connection and hides tables from whoever has that next, and
//! anything else, also what is called so.

use repo_core::{Database, Error, Session, Tenant, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{ACME, Fixture, acme, backend, bolt};

fn alice(db: &Database) -> Session<Tenant<Uuid>> {
    acme(db).actor("alice")
}

async fn run(session: &Session<Tenant<Uuid>>, sql: &str) -> Result<u64, Error> {
    session.unchecked_sql("a test").execute(sql).await
}

const ON_BOTH: [&str; 7] = [
    "CREATE TEMP TABLE claims (id INTEGER)",
    "CREATE TEMPORARY VIEW claims AS SELECT 1 AS id",
    "/* /* */ CREATE TEMP TABLE claims (id INTEGER) /* ' */",
    "SELECT 1 AS id INTO TEMP claims",
    "(SELECT 1 AS id INTO TEMP claims)",
    "WITH one AS (SELECT 1 AS id) SELECT id INTO TEMPORARY TABLE claims FROM one",
    "EXPLAIN ANALYZE CREATE TEMP TABLE claims AS SELECT 1 AS id",
];

const ON_SQLITE: [&str; 7] = [
    "CREATE TABLE temp.claims (id INTEGER)",
    "CREATE TABLE 'temp'.claims (id INTEGER)",
    "CREATE TABLE IF NOT EXISTS [Temp].claims (id INTEGER)",
    "CREATE VIEW `TEMP` . claims AS SELECT 1 AS id",
    "CREATE VIEW \"temp\".claims AS SELECT 1 AS id",
    "CREATE TEMP TRIGGER watch AFTER INSERT ON claims BEGIN SELECT 1; END",
    "CREATE TRIGGER watch AFTER INSERT ON temp.claims BEGIN SELECT 1; END",
];

const ON_POSTGRES: [&str; 8] = [
    "CREATE TABLE pg_temp.claims (id int)",
    "CREATE TABLE \"pg_temp\".claims (id int)",
    "/* /* */ ' */ CREATE TABLE pg_temp.claims (id int) /* ' */",
    "CREATE TABLE U&\"pg\\005ftemp\".claims (id int)",
    "SELECT 1 AS id INTO TABLE pg_temp.claims",
    "EXPLAIN (ANALYZE) SELECT 1 AS id INTO TEMP claims",
    "DO $$ BEGIN CREATE TEMP TABLE claims (id int); END $$",
    "DO $$ BEGIN EXECUTE 'CREATE TABLE pg_temp.' || 'claims (id int)'; END $$",
];

pub(crate) async fn what_would_hide_a_table_is_not_made_by_hand(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = alice(&db);
    let own = if db.system() == "sqlite" { &ON_SQLITE[..] } else { &ON_POSTGRES };
    for sql in ON_BOTH.iter().chain(own) {
        let written = run(&session, sql).await;
        assert!(matches!(written, Err(Error::InvalidInput { .. })), "{sql}: {written:?}");
        let read = session.unchecked_sql("a test").fetch(sql, |_| Ok(())).await;
        assert!(matches!(read, Err(Error::InvalidInput { .. })), "{sql}: {read:?}");
    }
    let behind = "SELECT 1; CREATE TEMP TABLE claims (id INTEGER)";
    session.unchecked_sql("a test").fetch(behind, |_| Ok(())).await.expect_err("these are two");
    run(&session, behind).await.expect_err("these are two");
    assert_eq!(session.audit().count().await.unwrap(), 0, "what was not run is not recorded");
    session.repo::<Claim>().create(claim("C-1")).await.unwrap();
}

pub(crate) async fn what_would_change_the_connection_is_not_run_by_hand(fixture: Fixture) {
    let db = fixture.pool_of_one(&schema![Claim]).await;
    let session = alice(&db);
    for sql in [
        "EXPLAIN PRAGMA query_only = ON",
        "EXPLAIN QUERY PLAN PRAGMA ignore_check_constraints = ON",
        "explain /* a */ query plan PRAGMA writable_schema = ON",
        "DECLARE peek CURSOR WITH HOLD FOR SELECT code FROM claims",
        "EXPLAIN (COSTS OFF) DECLARE peek CURSOR FOR SELECT code FROM claims",
    ] {
        let written = run(&session, sql).await;
        assert!(matches!(written, Err(Error::InvalidInput { .. })), "{sql}: {written:?}");
        let read = session.unchecked_sql("a test").fetch(sql, |_| Ok(())).await;
        assert!(matches!(read, Err(Error::InvalidInput { .. })), "{sql}: {read:?}");
        let typed = session.unchecked_sql("a test").sql::<Claim>(sql).all().await;
        assert!(matches!(typed, Err(Error::InvalidInput { .. })), "{sql}: {typed:?}");
    }
    if db.system() == "postgres" {
        let tx = session.begin().await.unwrap();
        let path = run(&tx, "SET LOCAL search_path = pg_temp").await;
        assert_error!(path, Error::InvalidInput { .. });
        tx.rollback().await.unwrap();
    }
    session.repo::<Claim>().create(claim("C-1")).await.unwrap();
    run(&session, "EXPLAIN SELECT code FROM claims").await.expect_err("it answers with rows");
}

pub(crate) async fn what_sql_by_hand_leaves_on_a_connection_is_nobody_elses(fixture: Fixture) {
    let db = fixture.pool_of_one(&schema![Claim]).await;
    let (session, other) = (alice(&db), bolt(&db).actor("bob"));
    let first = session.repo::<Claim>().create(claim("C-1")).await.unwrap();
    let blocks = [
        "DO $$ BEGIN SET default_transaction_read_only = on; END $$",
        "DO $$ BEGIN EXECUTE 'CREATE ' || 'TEMP TABLE claims (LIKE claims INCLUDING ALL)'; END $$",
        "DO $$ BEGIN PERFORM pg_advisory_lock_shared(1); END $$",
    ];
    let left = "SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()) \
                + (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory')";
    let blocks = if db.system() == "postgres" { &blocks[..] } else { &[] };
    for (n, sql) in blocks.iter().enumerate() {
        run(&session, sql).await.unwrap();
        other.repo::<Claim>().create(claim(&format!("A-{n}"))).await.unwrap();
        let tx = session.begin().await.unwrap();
        run(&tx, sql).await.unwrap();
        tx.commit().await.unwrap();
        other.repo::<Claim>().create(claim(&format!("B-{n}"))).await.unwrap();
        let tx = session.begin().await.unwrap();
        run(&tx, sql).await.unwrap();
        run(&tx, "SELECT 1 / 0").await.unwrap_err();
        tx.rollback().await.unwrap();
        other.repo::<Claim>().create(claim(&format!("C-{n}"))).await.unwrap();
        let left = session.unchecked_sql("a test").fetch(left, |row| row.get::<i64>(0));
        assert_eq!(left.await.unwrap(), [0], "{sql}");
    }
    let elsewhere = fixture.pool_of_one(&schema![Claim]).await;
    let stored = bolt(&elsewhere).repo::<Claim>().count().await.unwrap();
    assert_eq!(stored, u64::try_from(3 * blocks.len()).unwrap());
    let change =
        "UPDATE claims SET note = coalesce(note, '') || 'x' WHERE code = 'C-1' AND tenant_id = $1";
    let changed = session.unchecked_sql("a test").bind(ACME).execute(change).await.unwrap();
    assert_eq!(changed, 1);
    let tx = session.begin().await.unwrap();
    let changed = tx.unchecked_sql("a test").bind(ACME).execute(change).await.unwrap();
    assert_eq!(changed, 1);
    tx.repo::<Claim>().create(claim("C-2")).await.unwrap();
    tx.commit().await.unwrap();
    let noted = session.repo::<Claim>().get(first.id).await.unwrap();
    assert_eq!(noted.note.as_deref(), Some("xx"));
    assert_eq!(session.repo::<Claim>().count().await.unwrap(), 2);
}

pub(crate) async fn what_is_only_called_temporary_is_made_by_hand(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = alice(&db);
    for sql in [
        "CREATE TABLE shelves (n INTEGER)",
        "CREATE VIEW hot AS SELECT temp.n FROM shelves temp",
        "CREATE TABLE copies AS SELECT temp.n FROM shelves AS temp",
        "CREATE TABLE temp (n INTEGER)",
        "WITH few AS (SELECT n FROM hot) INSERT INTO temp SELECT n FROM few",
    ] {
        run(&session, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    if db.system() == "sqlite" {
        let trigger = "CREATE TRIGGER watch AFTER INSERT ON shelves \
                       BEGIN INSERT INTO copies SELECT temp.n FROM shelves temp; END";
        run(&session, trigger).await.unwrap();
        run(&session, "INSERT INTO shelves VALUES (1)").await.unwrap();
        let copied =
            session.unchecked_sql("a test").fetch("SELECT n FROM copies", |row| row.get::<i64>(0));
        assert_eq!(copied.await.unwrap(), [1]);
    } else {
        let block = "DO $$ DECLARE temp int; BEGIN SELECT n INTO temp FROM shelves; END $$";
        run(&session, block).await.unwrap();
    }
}

pub(crate) async fn a_schema_is_temporary_where_the_database_has_it_so(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = alice(&db);
    let table = "CREATE TABLE temp.readings (a int)";
    if db.system() == "sqlite" {
        assert_error!(run(&session, table).await, Error::InvalidInput { .. });
        let elsewhere = run(&session, "CREATE TABLE pg_temp.readings (a int)").await;
        assert_error!(elsewhere, Error::Backend(_));
        return;
    }
    if backend(&db).has_row_level_security() {
        // Its role makes no schemas, and there is none of this name.
        assert_error!(run(&session, table).await, Error::Backend(_));
        return;
    }
    // Undone, as the server has other cases.
    let tx = session.begin().await.unwrap();
    for sql in [
        "CREATE SCHEMA temp",
        table,
        "CREATE INDEX readings_a ON temp.readings (a)",
        "SELECT a INTO temp.copies FROM temp.readings",
    ] {
        run(&tx, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    tx.rollback().await.unwrap();
}
