//! What it says of the numbers that SQLite gives rows, and of keys over them.

use repo_core::{Repository, schema};
use uuid::Uuid;

use super::{Event, NewTeam, Team, findings};
use crate::support::File;

#[tokio::test]
async fn a_number_that_is_no_number_of_the_row_is_told() {
    let is = "\"id\" INTEGER PRIMARY KEY AUTOINCREMENT";
    let found = findings(|connection| {
        // SQLite keeps such a key in an index, which an edit of the text does not make.
        let text = "SELECT sql FROM sqlite_schema WHERE name = 'events'";
        let text: String = connection.query_row(text, [], |row| row.get(0)).expect("a table");
        assert!(text.contains(is), "{text}");
        let text = text.replace(is, "\"id\" INT PRIMARY KEY");
        connection.execute_batch(&format!("DROP TABLE events; {text}")).expect("a table");
    });
    let found = found.await;
    assert_eq!(
        found[..2],
        [
            "the column `id` of `events` is INT instead of INTEGER",
            "the column `id` of `events` is not AUTOINCREMENT: it gets numbers of removed rows again",
        ]
    );
    assert_eq!(found.len(), 2 + 5, "its triggers are missing: {found:?}");
}

#[tokio::test]
async fn a_key_that_is_gone_is_told() {
    let key = ",\n  CONSTRAINT \"events_pkey\" UNIQUE (\"tenant_id\", \"id\")";
    let found = findings(|connection| {
        let text = "SELECT sql FROM sqlite_schema WHERE name = 'events'";
        let text: String = connection.query_row(text, [], |row| row.get(0)).expect("a table");
        assert!(text.contains(key), "{text}");
        let text = text.replace(key, "").replace("PRIMARY KEY AUTOINCREMENT", "");
        connection.execute_batch(&format!("DROP TABLE events; {text}")).expect("a table");
    });
    let found = found.await;
    assert_eq!(
        found[..2],
        [
            "the primary key `events_pkey` of `events` is () instead of (id)",
            "the unique key `events_pkey` of `events` is missing",
        ]
    );
    assert_eq!(found.len(), 2 + 5, "its triggers are missing: {found:?}");
}

/// Never changes, and the database gives it no number.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "seals", immutable)]
struct Seal {
    id: Uuid,
}

#[tokio::test]
async fn a_table_without_rowid_is_told_where_its_rows_must_have_a_number() {
    let schema = schema![Seal, Team, Event];
    let file = File::new();
    let db = file.options().connect().await.expect("a database");
    let script = schema.script(db.dialect()).expect("a script");
    // Without a rowid there is no AUTOINCREMENT.
    let script = script.replace(") STRICT", ") STRICT, WITHOUT ROWID");
    let script = script.replace(" AUTOINCREMENT", "");
    file.stranger().execute_batch(&script).expect("the tables");
    let found = db.doctor(&schema).await.expect("an answer");
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "the table `seals` is WITHOUT ROWID, and the triggers of an immutable table ask for the number \
             of a row: no row can be created, make it anew without these words",
            "the table `events` is WITHOUT ROWID: its rows get no number, make it anew without these words",
            "the column `id` of `events` is not AUTOINCREMENT: it gets numbers of removed rows again",
        ]
    );
    let refused = db.session().repo::<Seal>().create(NewSeal {}).await.expect_err("no number");
    assert!(refused.to_string().contains("no such column: rowid"), "{refused}");
    let team = NewTeam { name: "a".to_owned() };
    db.tenant(Uuid::nil()).repo::<Team>().create(team).await.expect("a row");
}
