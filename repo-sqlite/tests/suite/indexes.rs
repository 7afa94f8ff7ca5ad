//! What indexes answer without a look at rows and without sorting, by SQLite's own plans.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use repo_core::testing::Recorder;
use repo_core::{AuditEntry, Database, Repository, WindowRequest, schema};
use uuid::Uuid;

use crate::support::File;

/// With an identity, which is what SQLite calls its rows by.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "numbered", tenant, soft_delete, index(state, weight desc))]
struct Numbered {
    id: i64,
    tenant_id: i64,
    state: i64,
    weight: i64,
    deleted_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "named", tenant, soft_delete, index(state), index(weight, deleted_at))]
struct Named {
    id: Uuid,
    tenant_id: i64,
    state: i64,
    weight: i64,
    deleted_at: Option<DateTime<Utc>>,
}

/// Of a table that had other names.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "papers", formerly = "docs", formerly = "notes", tenant, audited)]
struct Paper {
    id: i64,
    tenant_id: i64,
}

async fn plan(sql: &str) -> String {
    let file = File::new();
    let db = file.options().connect().await.expect("a database");
    db.create_tables(&schema![Numbered, Named]).await.expect("the tables");
    let connection = file.stranger();
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect(sql);
    let lines = statement.query_map([], |row| row.get::<_, String>("detail")).expect("a plan");
    lines.collect::<Result<Vec<_>, _>>().expect("text").join("; ")
}

#[tokio::test]
async fn rows_with_an_identity_come_from_an_index_in_their_order() {
    let live = "SELECT * FROM numbered WHERE tenant_id = 1 AND deleted_at IS NULL";
    for order in ["state, weight DESC, id", "state DESC, weight, id DESC"] {
        let plan = plan(&format!("{live} ORDER BY {order} LIMIT 20")).await;
        assert!(plan.contains("numbered_tenant_id_state_weight_desc_idx"), "{order}: {plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{order}: {plan}");
    }
}

#[tokio::test]
async fn live_rows_are_counted_without_a_look_at_them() {
    for counted in [
        "numbered WHERE tenant_id = 1 AND state = 3 AND deleted_at IS NULL",
        "named WHERE tenant_id = 1 AND state = 3 AND deleted_at IS NULL",
        "named WHERE tenant_id = 1 AND weight = 3 AND deleted_at IS NOT NULL",
    ] {
        let plan = plan(&format!("SELECT count(*) FROM {counted}")).await;
        assert!(plan.contains("COVERING INDEX"), "{counted}: {plan}");
    }
}

#[tokio::test]
async fn the_history_of_a_renamed_table_is_found_by_its_names() {
    let file = File::new();
    let backend = file.options().connect_backend().await.expect("a database");
    let recorder = Arc::new(Recorder::new(Arc::new(backend)));
    let db = Database::new(Arc::clone(&recorder) as _);
    db.create_tables(&schema![Paper]).await.expect("the tables");
    recorder.clear();
    let trail = db.tenant(7_i64).audit();
    let entries = || trail.history::<Paper>(1);
    entries().all().await.expect("no entries");
    entries()
        .order_by(AuditEntry::SEQ.desc())
        .window(WindowRequest::first(20))
        .await
        .expect("none");
    trail.as_of::<Paper>(1, Utc::now()).await.expect("no row");
    let asked = recorder.sql();
    // The last asks where the chain begins, as there are no entries of the row.
    assert_eq!(asked.len(), 4, "{asked:?}");
    let connection = file.stranger();
    rusqlite::vtab::array::load_module(&connection).expect("arrays");
    for (place, sql) in asked.iter().enumerate() {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect(sql);
        let mut rows = statement.raw_query();
        let mut plan = String::new();
        while let Some(row) = rows.next().expect("a plan") {
            plan += &row.get::<_, String>("detail").expect("text");
        }
        let by =
            if place < 3 { "tenant=? AND entity=? AND entity_id=?" } else { "tenant=? AND seq" };
        assert!(plan.contains(by), "{sql}: {plan}");
    }
    db.close().await;
}
