//! What it says of keys by which another program replaces a row that never changes.

use repo_core::{Repository, schema};

use super::findings;
use crate::support::File;

/// Of which each change is recorded.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "deeds", audited)]
struct Deed {
    id: i64,
    n: i64,
}

#[tokio::test]
async fn a_unique_key_that_no_trigger_knows_is_told_of_an_immutable_table() {
    let told = |key: &str| {
        format!(
            "the table `events` has a unique key `{key}` that is none of the schema's: by it `INSERT OR REPLACE` of \
             another program replaces a row, drop it, or declare it with `unique(..)`"
        )
    };
    for sql in [
        "CREATE UNIQUE INDEX own ON events (tenant_id)",
        "CREATE UNIQUE INDEX own ON events (lower(hex(tenant_id)))",
        "CREATE UNIQUE INDEX own ON events (tenant_id) WHERE id > 7",
        "CREATE UNIQUE INDEX own ON events (id COLLATE NOCASE)",
    ] {
        let found = findings(|connection| connection.execute_batch(sql).expect(sql)).await;
        assert_eq!(found, [told("own")], "{sql}");
    }
    for sql in [
        "CREATE INDEX own ON events (tenant_id)",
        // Whoever is taken in it is taken in the primary key, which has a trigger.
        "CREATE UNIQUE INDEX own ON events (tenant_id, id, lower(hex(tenant_id)))",
        "CREATE UNIQUE INDEX own ON members (lower(name))",
    ] {
        let found = findings(|connection| connection.execute_batch(sql).expect(sql)).await;
        assert_eq!(found, [""; 0], "{sql}");
    }
}

#[tokio::test]
async fn a_unique_key_of_the_trail_that_is_none_of_ours_is_told() {
    let file = File::new();
    let db = file.options().connect().await.expect("a database");
    db.create_tables(&schema![Deed]).await.expect("the tables");
    let deeds = db.session().actor("alice").repo::<Deed>();
    deeds.create_many([1, 2].map(|n| NewDeed { n })).await.expect("two rows");
    let stranger = file.stranger();
    let own = "CREATE UNIQUE INDEX own ON repo_audit (entity_id) WHERE length(hash) = 32";
    stranger.execute_batch(own).expect("an index");
    let found: Vec<_> = db.doctor(&schema![Deed]).await.expect("an answer");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].to_string().starts_with("the table `repo_audit` has a unique key `own`"));

    // It is so: an entry is replaced, and the trail's triggers are not asked.
    let replace = "PRAGMA recursive_triggers = OFF; INSERT OR REPLACE INTO repo_audit \
        SELECT tenant, seq + 9, entity, entity_id, action, actor, correlation_id, reason, at, before, after, \
        prev_hash, hash FROM repo_audit WHERE seq = 1";
    stranger.execute_batch(replace).expect("nobody refuses it");
    let first = "SELECT count(*) FROM repo_audit WHERE seq = 1";
    assert_eq!(stranger.query_row(first, [], |row| row.get(0)), Ok(0));
    db.close().await;
}
