//! What indexes answer without a look at rows and without sorting, by SQLite's own plans.

use chrono::{DateTime, Utc};
use repo_core::{Repository, schema};
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
