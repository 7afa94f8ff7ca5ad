//! Guards against connections that are not ours: without our pragmas, and the program `sqlite3`.

use std::process::Command;

use repo_core::{Database, Repository, schema};
use rusqlite::Connection;
use uuid::Uuid;

use crate::support::File;

const ACME: Uuid = Uuid::from_u128(0xacae);
const BOLT: Uuid = Uuid::from_u128(0xb017);

/// Never changes; its id is the number of its row.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "events", tenant, immutable)]
struct Event {
    id: i64,
    tenant_id: Uuid,
    #[repository(unique)]
    key: i64,
}

/// Never changes; the number of its row is hidden.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "receipts", immutable)]
struct Receipt {
    id: Uuid,
    #[repository(unique)]
    key: i64,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "teams", tenant)]
struct Team {
    id: Uuid,
    tenant_id: Uuid,
    name: String,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "members", tenant)]
struct Member {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(references = Team)]
    team_id: Option<Uuid>,
    #[repository(references = Member)]
    mentor_id: Option<Uuid>,
}

/// What would change an event or a receipt, or link a member to a team or a member of another tenant.
const ATTACKS: [&str; 31] = [
    "UPDATE events SET key = 9",
    "UPDATE events SET id = 9",
    "UPDATE events SET rowid = 9",
    "UPDATE OR REPLACE events SET key = 2 WHERE key = 1",
    "UPDATE OR IGNORE events SET key = 9",
    "DELETE FROM events",
    "DELETE FROM events WHERE key = 1 RETURNING *",
    "REPLACE INTO events (tenant_id, key) SELECT tenant_id, key FROM events",
    "INSERT OR REPLACE INTO events (tenant_id, key) SELECT tenant_id, key FROM events",
    "INSERT OR REPLACE INTO events (id, tenant_id, key) VALUES (1, zeroblob(16), 9)",
    "INSERT OR REPLACE INTO events (rowid, tenant_id, key) VALUES (1, zeroblob(16), 9)",
    "INSERT INTO events SELECT * FROM events WHERE 1 ON CONFLICT DO UPDATE SET key = 9",
    "INSERT INTO events SELECT * FROM events WHERE 1 ON CONFLICT (tenant_id, key) DO UPDATE SET key = 9",
    "UPDATE receipts SET key = 9",
    "DELETE FROM receipts",
    "REPLACE INTO receipts SELECT * FROM receipts",
    "REPLACE INTO receipts SELECT randomblob(16), key FROM receipts",
    "REPLACE INTO receipts SELECT id, 9 FROM receipts",
    "REPLACE INTO receipts (rowid, id, key) SELECT rowid, randomblob(16), 9 FROM receipts",
    "REPLACE INTO receipts (_rowid_, id, key) SELECT rowid, randomblob(16), 9 FROM receipts",
    "INSERT OR REPLACE INTO receipts (oid, id, key) SELECT rowid, randomblob(16), 9 FROM receipts",
    "INSERT INTO receipts SELECT randomblob(16), key FROM receipts WHERE 1 ON CONFLICT DO UPDATE SET key = 9",
    "INSERT INTO receipts (rowid, id, key) VALUES (-1, randomblob(16), 9)",
    "INSERT INTO members SELECT randomblob(16), m.tenant_id, t.id, NULL FROM members m, teams t \
     WHERE t.tenant_id <> m.tenant_id",
    "INSERT OR IGNORE INTO members SELECT randomblob(16), m.tenant_id, t.id, NULL \
     FROM members m, teams t WHERE t.tenant_id <> m.tenant_id",
    "REPLACE INTO members SELECT m.id, m.tenant_id, t.id, NULL FROM members m, teams t \
     WHERE t.tenant_id <> m.tenant_id",
    "UPDATE members SET team_id = (SELECT id FROM teams t WHERE t.tenant_id <> members.tenant_id)",
    "UPDATE OR IGNORE members SET tenant_id = (SELECT t.tenant_id FROM teams t \
     WHERE t.tenant_id <> members.tenant_id)",
    "INSERT INTO members SELECT m.id, m.tenant_id, t.id, NULL FROM members m, teams t \
     WHERE t.tenant_id <> m.tenant_id ON CONFLICT DO UPDATE SET team_id = excluded.team_id",
    "INSERT INTO members SELECT randomblob(16), t.tenant_id, NULL, m.id FROM members m, teams t \
     WHERE t.tenant_id <> m.tenant_id",
    "UPDATE members SET mentor_id = zeroblob(16)",
];

/// A file with two events, a receipt, a team of each tenant and a member.
async fn filled(file: &File) -> Database {
    let db = file.options().connect().await.expect("a database");
    db.create_tables(&schema![Event, Receipt, Team, Member]).await.expect("the tables");
    let (acme, bolt) = (db.tenant(ACME), db.tenant(BOLT));
    let events = [1, 2].map(|key| NewEvent { key });
    acme.repo::<Event>().create_many(events).await.expect("two events");
    db.session().repo::<Receipt>().create(NewReceipt { key: 1 }).await.expect("a receipt");
    let team = |name: &str| NewTeam { name: name.to_owned() };
    let ours = acme.repo::<Team>().create(team("ours")).await.expect("our team");
    bolt.repo::<Team>().create(team("theirs")).await.expect("their team");
    let member = NewMember { team_id: Some(ours.id), mentor_id: None };
    acme.repo::<Member>().create(member).await.expect("a member");
    db
}

/// A connection as SQLite makes it, which checks nothing that it is not told to.
fn stranger(file: &File) -> Connection {
    let stranger = file.stranger();
    stranger
        .execute_batch("PRAGMA foreign_keys = OFF; PRAGMA recursive_triggers = OFF")
        .expect("the defaults");
    stranger
}

/// All that the attacks are about, as text.
fn content(connection: &Connection) -> String {
    let sql = "SELECT group_concat(row, ';') FROM ( \
        SELECT id || ' ' || key || hex(tenant_id) AS row FROM events UNION ALL \
        SELECT rowid || ' ' || key || hex(id) FROM receipts UNION ALL \
        SELECT hex(tenant_id) || hex(id) || hex(team_id) || coalesce(hex(mentor_id), '') FROM members)";
    connection.query_row(sql, [], |row| row.get(0)).expect("one row")
}

#[tokio::test]
async fn a_connection_without_our_pragmas_changes_nothing_and_links_nothing() {
    let file = File::new();
    let db = filled(&file).await;
    let stranger = stranger(&file);
    let before = content(&stranger);
    for attack in ATTACKS {
        let refused = stranger.execute_batch(attack).expect_err(attack).to_string();
        let reasons =
            ["are only ever added and read", "UNIQUE constraint", "FOREIGN KEY", "number -1"];
        assert!(reasons.iter().any(|reason| refused.contains(reason)), "{attack}: {refused}");
        assert_eq!(content(&stranger), before, "{attack}");
    }
    db.close().await;
}

#[tokio::test]
async fn neither_does_the_program_sqlite3() {
    let file = File::new();
    let db = filled(&file).await;
    let before = content(&stranger(&file));
    let Ok(version) = Command::new("sqlite3").arg("-version").output() else {
        return println!("there is no `sqlite3`: the test before stands for it");
    };
    assert!(version.status.success());
    for attack in ATTACKS {
        let path = file.folder.path().join("notes.db");
        let output = Command::new("sqlite3").arg("-bail").arg(path).arg(attack).output();
        let output = output.expect("it was there a moment ago");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && !said.is_empty(), "{attack}: {said}");
        assert!(!said.contains("syntax error") && !said.contains("no such"), "{attack}: {said}");
        assert_eq!(content(&stranger(&file)), before, "{attack}");
    }
    db.close().await;
}

#[tokio::test]
async fn what_is_allowed_is_not_in_its_way() {
    let file = File::new();
    let db = filled(&file).await;
    let stranger = stranger(&file);
    for (sql, changed) in [
        ("INSERT INTO events (tenant_id, key) SELECT DISTINCT tenant_id, 3 FROM events", 1),
        ("INSERT INTO receipts VALUES (randomblob(16), 3), (randomblob(16), 4)", 2),
        ("UPDATE events SET key = 9 WHERE key = 99", 0),
        ("DELETE FROM receipts WHERE key = 99", 0),
        ("INSERT INTO members SELECT randomblob(16), tenant_id, id, NULL FROM teams", 2),
        ("UPDATE members SET team_id = team_id", 3),
        ("UPDATE members SET mentor_id = id, team_id = NULL", 3),
        ("DELETE FROM members", 3),
    ] {
        assert_eq!(stranger.execute(sql, []).expect(sql), changed, "{sql}");
    }
    assert_eq!(db.tenant(ACME).repo::<Event>().count().await.expect("a count"), 3);
    db.close().await;
}

#[tokio::test]
async fn tables_that_were_there_before_the_guards_get_them() {
    let file = File::new();
    let db = filled(&file).await;
    let stranger = stranger(&file);
    let names = "SELECT name FROM sqlite_schema WHERE type = 'trigger'";
    let triggers: Vec<String> = stranger
        .prepare(names)
        .and_then(|mut all| all.query_map([], |row| row.get(0))?.collect())
        .expect("names");
    assert_eq!(triggers.len(), 6 + 6 + 4, "{triggers:?}");
    for trigger in triggers {
        stranger.execute_batch(&format!("DROP TRIGGER {trigger}")).expect("it is there");
    }
    db.create_tables(&schema![Event, Receipt, Team, Member]).await.expect("the triggers");
    for attack in ATTACKS {
        stranger.execute_batch(attack).expect_err(attack);
    }
    db.close().await;
}

/// Two tables of which each needs a trigger of the same name.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "stock", tenant)]
struct Stock {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(references = Team)]
    item_part_id: Uuid,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "stock_item", tenant)]
struct StockItem {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(references = Team)]
    part_id: Uuid,
}

#[tokio::test]
async fn a_trigger_that_the_table_of_another_program_has_is_not_passed_over() {
    let file = File::new();
    let db = file.options().connect().await.expect("a database");
    db.create_tables(&schema![Team, Stock]).await.expect("the tables");
    let other = file.options().connect().await.expect("a database");
    let refused = other.create_tables(&schema![Team, StockItem]).await.expect_err("a trigger");
    let expected = "`StockItem` needs `stock_item_part_id_fkey_insert`, `stock_item_part_id_fkey_update` for its \
                    table `stock_item`, and `stock` has what is called so: drop that, or give it another name";
    assert!(refused.to_string().ends_with(expected), "{refused}");
    let found = other.doctor(&schema![Team, StockItem]).await.expect("an answer");
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, ["the table `stock_item` is missing"]);
}
