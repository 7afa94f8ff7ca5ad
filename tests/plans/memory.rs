//! A stream of a million rows holds a small part of them at once, and what was asked with large lists or was in large
//! rows is let go: the resident memory of this process grows by less than 64 MiB.
//!
//! A program of its own, whose memory no other test uses, with one test. The databases make the rows themselves, so that what
//! making them here would leave behind hides nothing.
#![cfg(test)]

use futures_util::TryStreamExt as _;
use repo_core::{Repository, Session, Tenant, schema};
use rusqlite::Connection;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

const ROWS: i64 = 1_000_000;
const MOST_KIB: u64 = 64 * 1_024;
/// How many rows are read between two looks at the memory.
const LOOK: i64 = 5_000;

#[derive(Debug, Repository)]
#[repository(table = "readings", tenant)]
struct Reading {
    id: i64,
    tenant_id: i64,
    sensor: String,
    value: i64,
    #[repository(default = None)]
    note: Option<String>,
}

#[tokio::test]
async fn streams_and_lists_grow_the_process_by_less_than_64_mib() {
    let Some(_) = resident() else { return eprintln!("no /proc/self/status: nothing is measured") };
    on_sqlite().await;
    on_postgres().await;
}

async fn on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("readings.db");
    let db = repo_sqlite::connect(&format!("sqlite://{}", path.display())).await.expect("a file");
    db.create_tables(&schema![Reading]).await.expect("a table");
    let beside = Connection::open(&path).expect("the file");
    let numbers = format!(
        "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s LIMIT {ROWS}) SELECT n FROM s)"
    );
    beside.execute_batch(&insert(&numbers)).expect("rows");
    drop(beside);
    check("SQLite", &db.tenant(7)).await;
}

async fn on_postgres() {
    let server = std::env::var("REPO_TEST_POSTGRES_URL").expect(
        "REPO_TEST_POSTGRES_URL names a Postgres server: run this test with `scripts/test -p plans`",
    );
    let schema = format!("memory_{}", std::process::id());
    execute(&server, &format!("CREATE SCHEMA {schema}")).await;
    let separator = if server.contains('?') { '&' } else { '?' };
    let url = format!("{server}{separator}options=-c%20search_path%3D{schema}");
    let db = repo_postgres::connect(&url).await.expect("the server takes connections");
    db.create_tables(&schema![Reading]).await.expect("a table");
    execute(&url, &insert(&format!("generate_series(1, {ROWS}) AS s(n)"))).await;
    execute(&url, "ANALYZE readings").await;
    check("Postgres", &db.tenant(7)).await;
    large_rows(&db.tenant(8)).await;
    execute(&server, &format!("DROP SCHEMA {schema} CASCADE")).await;
}

async fn check(name: &str, session: &Session<Tenant<i64>>) {
    stream(name, session).await;
    lists(name, session).await;
}

/// Some 300 MiB of lists in all, one after the other.
async fn lists(name: &str, session: &Session<Tenant<i64>>) {
    let readings = session.repo::<Reading>();
    let ask = async |n: u64| {
        let sensors = (0..1_000).map(|sensor| format!("{n} {sensor} {}", "x".repeat(1_000)));
        let listed = Reading::SENSOR.in_list(sensors.collect::<Vec<_>>());
        let first_few = readings.query().filter(Reading::ID.lt(10)).filter(listed);
        assert!(first_few.all().await.expect("an answer").is_empty());
    };
    ask(0).await;
    let before = resident().expect("the size of this process");
    for n in 1..=300 {
        ask(n).await;
    }
    let grown = resident().expect("the size of this process").saturating_sub(before);
    println!("{name}: 300 lists, {grown} KiB more than the {before} KiB before");
    assert!(grown < MOST_KIB, "{name}: grew by {grown} KiB");
}

/// A row of 40 MiB on each of four connections, there and then back, which are idle afterwards.
async fn large_rows(session: &Session<Tenant<i64>>) {
    let before = resident().expect("the size of this process");
    let on_each = async |ids: Option<[i64; 4]>| {
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(session.begin().await.expect("a connection"));
        }
        let mut created = [0; 4];
        for (at, tx) in held.iter().enumerate() {
            let readings = tx.repo::<Reading>();
            if let Some(ids) = ids {
                let read = readings.get(ids[at]).await.expect("it is there");
                assert_eq!(read.sensor.len(), 40 << 20);
            } else {
                let new = NewReading { sensor: "x".repeat(40 << 20), value: 1 };
                created[at] = readings.create(new).await.expect("it is taken").id;
            }
        }
        for tx in held {
            tx.commit().await.expect("it is kept");
        }
        created
    };
    let grown = || resident().expect("the size of this process").saturating_sub(before);
    let ids = on_each(None).await;
    println!("Postgres: large rows, {} KiB more than the {before} KiB before", grown());
    assert!(grown() < MOST_KIB, "Postgres: grew by {} KiB", grown());
    on_each(Some(ids)).await;
    // What was read goes with the next answer.
    let next = [(); 4].map(|()| async { session.begin().await.expect("a connection") });
    for tx in futures_util::future::join_all(next).await {
        tx.rollback().await.expect("it goes on");
    }
    println!("Postgres: large rows read, {} KiB more than the {before} KiB before", grown());
    assert!(grown() < MOST_KIB, "Postgres: grew by {} KiB", grown());
}

async fn stream(name: &str, session: &Session<Tenant<i64>>) {
    let readings = session.repo::<Reading>();
    // What the first statement makes is there for good.
    let first = readings.first().await.expect("an answer").expect("a row");
    assert_eq!((first.id, first.note.as_deref()), (1, Some("note 1")));
    let before = resident().expect("the size of this process");
    let (mut rows, mut sum, mut most) = (0, 0, before);
    let mut stream = readings.query().stream();
    while let Some(reading) = stream.try_next().await.expect("a row") {
        rows += 1;
        sum += reading.value + i64::try_from(reading.sensor.len()).expect("a short name");
        if rows % LOOK == 0 {
            most = most.max(resident().expect("the size of this process"));
        }
    }
    let grown = most - before;
    println!("{name}: {rows} rows, {grown} KiB more than the {before} KiB before");
    assert_eq!((rows, sum), (ROWS, ROWS * (ROWS + 1) / 2 + ROWS * 10));
    assert!(grown < MOST_KIB, "{name}: grew by {grown} KiB");
}

fn insert(numbers: &str) -> String {
    format!(
        "INSERT INTO readings (id, tenant_id, sensor, value, note) \
         SELECT n, 7, 'sensor ' || (100 + n % 900), n, 'note ' || n FROM {numbers}"
    )
}

async fn execute(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.expect("the server takes connections");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect(sql);
}

/// How much memory this process has, in KiB.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
