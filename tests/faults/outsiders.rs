//! Who writes the database past the repositories, with `psql`, `sqlite3` or a driver: rows that never change
//! and the audit trail stay as they are, and no row comes to refer to one of another tenant.

use repo_core::{AuditEntry, Database, Repository, schema};
use uuid::Uuid;

use crate::programs::Outsider;
use crate::site::{File, Schema};

/// A row that never changes, and whose creation is recorded.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "receipts", tenant, immutable, audited)]
struct Receipt {
    id: Uuid,
    tenant_id: i64,
    #[repository(unique)]
    number: i64,
}

/// A parent within a tenant.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "teams", tenant)]
struct Team {
    id: Uuid,
    tenant_id: i64,
    name: String,
}

/// Its child.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "members", tenant)]
struct Member {
    id: Uuid,
    tenant_id: i64,
    name: String,
    #[repository(references = Team)]
    team_id: Uuid,
}

/// A table whose rows never change, a column of it, and its key.
struct Kept {
    table: &'static str,
    column: &'static str,
    key: &'static str,
}

const KEPT: [Kept; 2] = [
    Kept { table: "receipts", column: "number", key: "tenant_id, number" },
    Kept { table: "repo_audit", column: "seq", key: "tenant, seq" },
];

/// What the two tables hold.
type Held = (Vec<Receipt>, Vec<AuditEntry>);

/// Ways to change a row, on every database.
const WAYS: &[&str] = &[
    "UPDATE {t} SET {c} = 7",
    "UPDATE {t} SET {c} = {c}",
    "DELETE FROM {t}",
    "DELETE FROM {t} WHERE {c} = 1",
    "INSERT INTO {t} SELECT * FROM {t} WHERE {c} = 1 ON CONFLICT ({k}) DO UPDATE SET {c} = 7",
    "BEGIN; UPDATE {t} SET {c} = 7; COMMIT",
];

/// Those of Postgres.
const WAYS_OF_POSTGRES: &[&str] = &[
    "TRUNCATE {t}",
    "TRUNCATE {t} CASCADE",
    "MERGE INTO {t} r USING (SELECT 1) s ON true WHEN MATCHED THEN UPDATE SET {c} = 7",
    "MERGE INTO {t} r USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
    "WITH gone AS (DELETE FROM {t} RETURNING *) SELECT count(*) FROM gone",
    // As replication writes: ordinary triggers do not fire then.
    "SET session_replication_role = replica; UPDATE {t} SET {c} = 7",
    "SET session_replication_role = replica; DELETE FROM {t}",
    "SET session_replication_role = replica; TRUNCATE {t}",
];

/// Those of SQLite.
const WAYS_OF_SQLITE: &[&str] = &[
    "REPLACE INTO {t} SELECT * FROM {t} WHERE {c} = 1",
    "INSERT OR REPLACE INTO {t} SELECT * FROM {t} WHERE {c} = 1",
    "INSERT INTO {t} SELECT * FROM {t} WHERE {c} = 1 ON CONFLICT DO UPDATE SET {c} = 7",
    "UPDATE OR REPLACE {t} SET {c} = 7",
    "UPDATE OR IGNORE {t} SET {c} = 7 WHERE {c} = 1",
    "PRAGMA recursive_triggers = OFF; REPLACE INTO {t} SELECT * FROM {t} WHERE {c} = 1",
];

/// Ways to make a row refer to one of another tenant. The tenants are 1 and 2, their teams `ours` and `theirs`.
const LINKS: &[&str] = &[
    "INSERT INTO members (id, tenant_id, name, team_id) \
     SELECT a.id, 1, 'x', b.id FROM teams a, teams b WHERE a.name = 'ours' AND b.name = 'theirs'",
    "INSERT INTO members (id, tenant_id, name, team_id) \
     SELECT a.id, 2, 'x', a.id FROM teams a WHERE a.name = 'ours'",
    "UPDATE members SET team_id = (SELECT id FROM teams WHERE name = 'theirs')",
    "UPDATE members SET tenant_id = 2",
    "BEGIN; UPDATE members SET team_id = (SELECT id FROM teams WHERE name = 'theirs'); COMMIT",
];

/// What each of them may do: the database is there, and takes what is right.
const ALLOWED: &str = "INSERT INTO members (id, tenant_id, name, team_id) \
     SELECT id, 2, 'allowed', id FROM teams WHERE name = 'theirs'; \
     DELETE FROM members WHERE name = 'allowed'";

async fn fill(db: &Database) {
    db.create_tables(&schema![Receipt, Team, Member]).await.expect("tables");
    let ours = db.tenant(1_i64).actor("alice");
    let receipts = [NewReceipt { number: 1 }, NewReceipt { number: 2 }];
    ours.repo::<Receipt>().create_many(receipts).await.expect("two receipts");
    for (tenant, name) in [(1_i64, "ours"), (2, "theirs")] {
        let new = NewTeam { name: name.to_owned() };
        db.tenant(tenant).repo::<Team>().create(new).await.expect("a team");
    }
    let team_id = ours.repo::<Team>().first().await.expect("an answer").expect("a team").id;
    let member = NewMember { name: "eve".to_owned(), team_id };
    ours.repo::<Member>().create(member).await.expect("a member");
}

async fn held(db: &Database) -> Held {
    let ours = db.tenant(1_i64);
    let receipts = ours.repo::<Receipt>().query().order_by(Receipt::NUMBER.asc());
    let entries = ours.audit().query().order_by(AuditEntry::SEQ.asc());
    (receipts.all().await.expect("an answer"), entries.all().await.expect("an answer"))
}

/// The members of all tenants, each with its team.
async fn members(db: &Database) -> Vec<Member> {
    db.all_tenants("a test").repo::<Member>().all().await.expect("an answer")
}

async fn assert_nothing_changes(db: &Database, outsider: &Outsider, ways: &[&str]) {
    let before = held(db).await;
    assert_eq!((before.0.len(), before.1.len()), (2, 2));
    for Kept { table, column, key } in KEPT {
        for way in WAYS.iter().chain(ways) {
            let sql = way.replace("{t}", table).replace("{c}", column).replace("{k}", key);
            let refused = outsider.run(&sql).await;
            let error = refused.expect_err(&format!("{outsider:?} was to be refused: {sql}"));
            let is_refusal = error.contains("are only ever added and read")
                || error.contains("UNIQUE constraint failed");
            assert!(is_refusal, "{outsider:?} failed for another reason: {sql}\n{error}");
            assert_eq!(held(db).await, before, "{outsider:?}: {sql}");
        }
    }
}

async fn assert_nothing_is_linked(db: &Database, outsider: &Outsider) {
    let before = members(db).await;
    for sql in LINKS {
        let refused = outsider.run(sql).await;
        let error = refused.expect_err(&format!("{outsider:?} was to be refused: {sql}"));
        let is_refusal = error.to_lowercase().contains("foreign key constraint");
        assert!(is_refusal, "{outsider:?} failed for another reason: {sql}\n{error}");
        assert_eq!(members(db).await, before, "{outsider:?}: {sql}");
    }
    outsider.run(ALLOWED).await.unwrap_or_else(|error| panic!("{outsider:?}: {error}"));
}

#[tokio::test]
async fn nobody_changes_by_postgres_itself_what_never_changes() {
    let schema = Schema::new().await;
    let db = schema.options().connect().await.expect("the server");
    fill(&db).await;
    for outsider in Outsider::of_schema(&schema) {
        assert_nothing_changes(&db, &outsider, WAYS_OF_POSTGRES).await;
    }
    db.close().await;
}

#[tokio::test]
async fn nobody_changes_by_sqlite_itself_what_never_changes() {
    let file = File::new();
    let db = file.options().connect().await.expect("a file");
    fill(&db).await;
    for outsider in Outsider::of_file(&file) {
        assert_nothing_changes(&db, &outsider, WAYS_OF_SQLITE).await;
    }
}

#[tokio::test]
async fn nobody_links_tenants_by_postgres_itself() {
    let schema = Schema::new().await;
    let db = schema.options().connect().await.expect("the server");
    fill(&db).await;
    for outsider in Outsider::of_schema(&schema) {
        assert_nothing_is_linked(&db, &outsider).await;
        let moved = outsider.run("UPDATE teams SET tenant_id = 2 WHERE name = 'ours'").await;
        assert!(moved.expect_err("it is referred to").contains("foreign key constraint"));
    }
    db.close().await;
}

#[tokio::test]
async fn nobody_links_tenants_by_sqlite_itself() {
    let file = File::new();
    let db = file.options().connect().await.expect("a file");
    fill(&db).await;
    for outsider in Outsider::of_file(&file) {
        assert_nothing_is_linked(&db, &outsider).await;
    }
}
