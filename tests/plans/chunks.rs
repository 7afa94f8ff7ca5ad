//! Chunks of a deletion are looked up by their ids: what a chunk costs does not grow with the rows that are left.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use repo_core::testing::Recorder;
use repo_core::{Database, Repository, schema};
use repo_sqlite::{Options, Synchronous};
use rusqlite::Connection;

/// More than are looked for at once.
const OLD: u64 = 50_200;

#[derive(Debug, Clone, Repository)]
#[repository(table = "samples", tenant, soft_delete, index(at))]
struct Sample {
    id: i64,
    tenant_id: i64,
    at: DateTime<Utc>,
    deleted_at: Option<DateTime<Utc>>,
}

#[tokio::test]
async fn however_many_rows_are_deleted_in_chunks_each_chunk_is_looked_up_by_ids() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("samples.db");
    let options = Options::new(&format!("sqlite://{}", path.display())).expect("a URL of SQLite");
    let options = options.synchronous(Synchronous::Normal);
    let recorder = Recorder::new(Arc::new(options.connect_backend().await.expect("a file")));
    let db = Database::new(Arc::new(recorder.clone()));
    db.create_tables(&schema![Sample]).await.expect("a table");
    let samples = db.tenant(7_i64).repo::<Sample>();
    let now = Utc::now();
    let of = |at: DateTime<Utc>| (0..OLD).map(move |_| NewSample { at });
    samples.create_many(of(now - TimeDelta::days(60))).await.expect("old rows");
    samples.create_many(of(now).take(100)).await.expect("new rows");
    recorder.clear();

    let old = || samples.filter(Sample::AT.lt(now - TimeDelta::days(30)));
    assert_eq!(old().delete_in_chunks(10_000).await.expect("a deletion"), OLD);
    assert_eq!(samples.query().count().await.expect("a count"), 100);

    let statements = recorder.sql();
    let is_chunk = |sql: &&String| sql.starts_with("SELECT") && sql.contains(" IN temp.rarray(");
    let chunks: Vec<_> = statements.iter().filter(is_chunk).collect();
    assert_eq!(chunks.len(), 5, "after the first: {statements:?}");
    let beside = Connection::open(&path).expect("the file");
    rusqlite::vtab::array::load_module(&beside).expect("arrays");
    let mut plan = beside.prepare(&format!("EXPLAIN QUERY PLAN {}", chunks[0])).expect("SQL");
    let lines = plan.raw_query().mapped(|row| row.get::<_, String>("detail"));
    let lines: Vec<_> = lines.collect::<Result<_, _>>().expect("a plan");
    assert!(lines[0].starts_with("SEARCH samples") && lines[0].contains("=?)"), "{lines:?}");
    assert!(!lines[0].contains("at_idx") && !lines[0].contains("_at_"), "{lines:?}");
}
