//! What the doctor says of a file whose schema somebody changed.

mod numbers;
mod replaced;

use chrono::{DateTime, Utc};
use repo_core::{ColumnEnum, Repository, schema};
use uuid::Uuid;

use crate::support::File;

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "teams", tenant)]
struct Team {
    id: Uuid,
    tenant_id: Uuid,
    name: String,
}

/// With a guard of every kind.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "members", tenant, soft_delete)]
struct Member {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(unique, max_length = 10)]
    name: String,
    rank: Rank,
    active: bool,
    #[repository(references = Team)]
    team_id: Uuid,
    deleted_at: Option<DateTime<Utc>>,
}

/// Never changes.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "events", tenant, immutable)]
struct Event {
    id: i64,
    tenant_id: Uuid,
}

/// With columns of some types.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "bins", tenant)]
struct Bin {
    id: Uuid,
    tenant_id: String,
    n: i64,
    note: Option<String>,
}

/// Of tenants that are numbers.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "counts", tenant)]
struct Count {
    id: Uuid,
    tenant_id: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
enum Rank {
    Low,
    High,
}

/// What is found after `change`.
async fn findings(change: impl FnOnce(&rusqlite::Connection)) -> Vec<String> {
    let file = File::new();
    let db = file.options().connect().await.expect("a database");
    db.create_tables(&schema![Team, Member, Event, Bin, Count]).await.expect("the tables");
    db.close().await;
    change(&file.stranger());
    let db = file.options().connect().await.expect("a database");
    let found = db.doctor(&schema![Team, Member, Event, Bin, Count]).await.expect("an answer");
    db.close().await;
    found.iter().map(ToString::to_string).collect()
}

/// Edits the text of a table, as a migration writes another one.
fn edit(connection: &rusqlite::Connection, table: &str, from: &str, to: &str) {
    connection.execute_batch("PRAGMA writable_schema = ON").expect("a switch");
    let sql = "UPDATE sqlite_schema SET sql = replace(sql, ?2, ?3) \
        WHERE name = ?1 AND instr(sql, ?2) > 0";
    assert_eq!(connection.execute(sql, [table, from, to]).expect(from), 1, "{from}");
    let version: i64 =
        connection.query_row("PRAGMA schema_version", [], |row| row.get(0)).expect("a version");
    connection.pragma_update(None, "schema_version", version + 1).expect("a version");
}

#[tokio::test]
async fn a_table_that_is_edited_has_its_guards_told_one_by_one() {
    for (table, from, to, expected) in [
        (
            "members",
            ") STRICT",
            ")",
            "the table `members` is not STRICT: a column takes values of any type",
        ),
        (
            "bins",
            "PRIMARY KEY (\"tenant_id\", \"id\")",
            "PRIMARY KEY (\"tenant_id\", \"id\") ON CONFLICT REPLACE",
            "the table `bins` has ON CONFLICT REPLACE, which does not just refuse a row",
        ),
        (
            "events",
            "\"tenant_id\" BLOB NOT NULL",
            "\"tenant_id\" BLOB",
            "the column `tenant_id` of `events` takes NULL",
        ),
        (
            "bins",
            "\"n\" INTEGER",
            "\"n\" REAL",
            "the column `n` of `bins` is REAL instead of INTEGER",
        ),
        (
            "bins",
            "\"n\" INTEGER",
            "\"n\" ANY",
            "the column `n` of `bins` is ANY instead of INTEGER",
        ),
        (
            "bins",
            "\"note\" TEXT",
            "\"note\" TEXT COLLATE NOCASE",
            "the column `note` of `bins` has the collation NOCASE instead of BINARY",
        ),
        (
            "bins",
            "\"tenant_id\" TEXT NOT NULL",
            "\"tenant_id\" TEXT NOT NULL COLLATE nocase",
            "the column `tenant_id` of `bins` has the collation nocase instead of BINARY",
        ),
        (
            "bins",
            "\"n\" INTEGER NOT NULL",
            "\"n\" INTEGER NOT NULL AS (1)",
            "the column `n` of `bins` is GENERATED from others: no value can be written to it",
        ),
        (
            "bins",
            "\"n\" INTEGER NOT NULL",
            "\"n\" INTEGER NOT NULL GENERATED ALWAYS AS (length(note)) STORED",
            "the column `n` of `bins` is GENERATED from others: no value can be written to it",
        ),
        (
            "bins",
            "\"note\" TEXT",
            "\"note\" TEXT NOT NULL DEFAULT ''",
            "the column `note` of `bins` is NOT NULL where the schema lets it be NULL",
        ),
        (
            "bins",
            "\"note\" TEXT",
            "\"note\" TEXT, more TEXT NOT NULL DEFAULT null",
            "the column `more` of `bins` is none of the schema's, and is NOT NULL without a default: no row can be created",
        ),
        (
            "events",
            " AUTOINCREMENT",
            "",
            "the column `id` of `events` is not AUTOINCREMENT: it gets numbers of removed rows again",
        ),
        (
            "members",
            "IN ('low', 'high')",
            "IN ('low')",
            "the check `members_rank_check` of `members` refuses `high`",
        ),
        (
            "members",
            "IN ('low', 'high')",
            "IN ('low', 'high', '')",
            "the check `members_rank_check` of `members` takes ``",
        ),
        (
            "members",
            "length(\"name\") <= 10",
            "length(\"name\") <= 11",
            "the check `members_name_check` of `members` takes `äääääääääää`",
        ),
        (
            "members",
            "length(\"name\") <= 10",
            "1 OR length(\"rank\") <= 10",
            "the check `members_name_check` of `members` is not about `name` alone",
        ),
        (
            "members",
            "CONSTRAINT \"members_active_check\" CHECK (\"active\" IN (0, 1))",
            "",
            "the check `members_active_check` of `members` is missing",
        ),
        (
            "members",
            "\"active\" IN (0, 1)",
            "\"active\" >= 0",
            "the check `members_active_check` of `members` takes 2",
        ),
        (
            "members",
            "FOREIGN KEY (\"tenant_id\", \"team_id\") REFERENCES \"teams\" (\"tenant_id\", \"id\")",
            "FOREIGN KEY (\"team_id\") REFERENCES \"teams\" (\"id\")",
            "the foreign key `members_team_id_fkey` of `members` is (team_id) to `teams` (id) \
             instead of (tenant_id, team_id) to `teams` (tenant_id, id)",
        ),
        (
            "members",
            "FOREIGN KEY (\"tenant_id\", \"team_id\") REFERENCES \"teams\" (\"tenant_id\", \"id\")",
            "FOREIGN KEY (\"team_id\", \"tenant_id\") REFERENCES \"teams\"",
            "the foreign key `members_team_id_fkey` of `members` is (team_id, tenant_id) to `teams` \
             (tenant_id, id) instead of (tenant_id, team_id) to `teams` (tenant_id, id)",
        ),
        (
            "members",
            "ON DELETE RESTRICT",
            "ON DELETE CASCADE",
            "the foreign key `members_team_id_fkey` of `members` has ON DELETE CASCADE instead of ON DELETE RESTRICT",
        ),
        (
            "members",
            "ON DELETE RESTRICT",
            "ON DELETE RESTRICT ON UPDATE CASCADE",
            "the foreign key `members_team_id_fkey` of `members` has an ON UPDATE that changes rows unseen",
        ),
        (
            "members",
            "ON DELETE RESTRICT",
            "ON UPDATE SET DEFAULT ON DELETE RESTRICT",
            "the foreign key `members_team_id_fkey` of `members` has an ON UPDATE that changes rows unseen",
        ),
        (
            "members",
            "ON DELETE RESTRICT",
            "ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED",
            "the foreign key `members_team_id_fkey` of `members` is INITIALLY DEFERRED: it is asked at the commit",
        ),
        (
            "members_tenant_id_name_key",
            "\"name\"",
            "\"name\" COLLATE NOCASE",
            "the unique key `members_tenant_id_name_key` of `members` compares by another collation than its columns",
        ),
        (
            "bins",
            "PRIMARY KEY (\"tenant_id\", \"id\")",
            "PRIMARY KEY (\"tenant_id\" COLLATE NOCASE, \"id\")",
            "the primary key `bins_pkey` of `bins` compares by another collation than its columns",
        ),
        (
            "members",
            "ON DELETE RESTRICT",
            "",
            "the foreign key `members_team_id_fkey` of `members` has ON DELETE NO ACTION instead of ON DELETE RESTRICT",
        ),
        (
            "members_tenant_id_name_key",
            "WHERE \"deleted_at\" IS NULL",
            "WHERE \"deleted_at\" IS NULL AND \"active\"",
            "the unique key `members_tenant_id_name_key` of `members` is about the rows where \
             \"deleted_at\" IS NULL AND \"active\" instead of the rows where \"deleted_at\" IS NULL",
        ),
        (
            "events_refuse_delete",
            "BEGIN",
            "WHEN 0 BEGIN",
            "the trigger `events_refuse_delete` of `events` does not do what it should",
        ),
    ] {
        let found = findings(|connection| edit(connection, table, from, to)).await;
        assert_eq!(found, [expected], "{to}");
    }
}

#[tokio::test]
async fn what_means_the_same_is_well_however_it_is_written() {
    for (table, from, to) in [
        ("members", "length(\"name\") <= 10", "/* short */ NOT (length([name]) > 10) -- it is\n"),
        ("members", "IN ('low', 'high')", "= 'low' OR members.rank LIKE 'high'"),
        ("members", "\"active\" IN (0, 1)", "+active BETWEEN 0 AND 1"),
        ("members", "\"name\" TEXT", "name TEXT DEFAULT 'x'"),
        ("bins", "\"n\" INTEGER", "\"n\" int"),
        ("bins", "\"note\" TEXT", "\"note\" TEXT, more TEXT NOT NULL DEFAULT ''"),
        ("bins", "\"note\" TEXT", "\"note\" TEXT, more INTEGER NOT NULL AS (n)"),
        ("counts", "\"tenant_id\" INTEGER", "\"tenant_id\" INT"),
        ("members", "ON DELETE RESTRICT", "ON DELETE RESTRICT NOT DEFERRABLE INITIALLY DEFERRED"),
        (
            "bins",
            "\"note\" TEXT",
            "\"note\" TEXT COLLATE \"binary\" CHECK (note COLLATE NOCASE <> 'x')",
        ),
        (
            "members_tenant_id_name_key",
            "WHERE \"deleted_at\" IS NULL",
            "where (deleted_at is null)",
        ),
        ("members_tenant_id_name_key", "\"deleted_at\" IS NULL", "deleted_at ISNULL"),
        ("members_tenant_id_name_key", "\"deleted_at\" IS NULL", "\"members\".deleted_at IS NULL"),
        ("members", "REFERENCES \"teams\" (\"tenant_id\", \"id\")", "REFERENCES \"teams\""),
        ("members", "ON DELETE RESTRICT", "ON DELETE RESTRICT ON UPDATE RESTRICT"),
        ("events_refuse_delete", " BEGIN", "\n  BEGIN"),
    ] {
        assert_eq!(findings(|connection| edit(connection, table, from, to)).await, [""; 0], "{to}");
    }
}

#[tokio::test]
async fn names_are_the_same_in_capitals() {
    let found = findings(|connection| {
        let sql = "SELECT group_concat(sql, ';') FROM sqlite_schema \
            WHERE sql IS NOT NULL AND name <> 'sqlite_sequence' AND type = ?1";
        let text = |kind: &str| -> String {
            connection.query_row(sql, [kind], |row| row.get(0)).expect(kind)
        };
        let (mut tables, mut indexes, triggers) = (text("table"), text("index"), text("trigger"));
        for name in [
            "teams",
            "members",
            "events",
            "bins",
            "id",
            "tenant_id",
            "team_id",
            "deleted_at",
            "name",
            "note",
            "n",
        ] {
            let (ours, theirs) = (format!("\"{name}\""), format!("\"{}\"", name.to_uppercase()));
            tables = tables.replace(&ours, &theirs);
            indexes = indexes.replace(&ours, &theirs);
        }
        let drop = "DROP TABLE members; DROP TABLE teams; DROP TABLE events; DROP TABLE bins; \
            DROP TABLE counts";
        connection.execute_batch(&format!("{drop}; {tables}; {indexes}; {triggers}")).expect("all");
        let count = "SELECT count(*) FROM sqlite_schema WHERE name IN ('TEAMS', 'MEMBERS')";
        assert_eq!(connection.query_row(count, [], |row| row.get(0)), Ok(2));
    });
    assert_eq!(found.await, [""; 0]);
}

#[tokio::test]
async fn a_table_that_is_rebuilt_has_lost_its_indexes_and_triggers() {
    let found = findings(|connection| {
        let sql = "SELECT sql FROM sqlite_schema WHERE name = ?1";
        let copy = |table: &str| {
            let text: String = connection.query_row(sql, [table], |row| row.get(0)).expect(table);
            let text = text.replacen(&format!("\"{table}\""), "copy", 1);
            connection
                .execute_batch(&format!(
                    "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON; {text}; \
                     INSERT INTO copy SELECT * FROM {table}; DROP TABLE {table}; \
                     ALTER TABLE copy RENAME TO {table}"
                ))
                .expect(table);
        };
        copy("members");
        copy("events");
    });
    assert_eq!(
        found.await,
        [
            "the unique key `members_tenant_id_name_key` of `members` is missing",
            "the trigger `members_team_id_fkey_insert` of `members` is missing",
            "the trigger `members_team_id_fkey_update` of `members` is missing",
            "the index `members_tenant_id_team_id_idx` of `members` is missing",
            "the trigger `events_refuse_minus_one` of `events` is missing",
            "the trigger `events_pkey_refuse_replace_by_key` of `events` is missing",
            "the trigger `events_pkey_refuse_replace` of `events` is missing",
            "the trigger `events_refuse_update` of `events` is missing",
            "the trigger `events_refuse_delete` of `events` is missing",
        ]
    );
}
