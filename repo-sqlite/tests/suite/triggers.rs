//! Writes whose triggers write as well: what is answered is what is stored, however long the triggers take.

use repo_core::backend::{Access, Row};
use repo_core::{Repository, Value, schema};
use repo_sqlite::Synchronous;
use uuid::Uuid;

use crate::support::{File, add, count, ignore, integer, statement, with_tables};

const BOTH: [Synchronous; 2] = [Synchronous::Normal, Synchronous::Full];

#[derive(Debug, Repository)]
#[repository(table = "docs")]
struct Doc {
    id: Uuid,
    text: String,
}

const LETTERS: &str = "CREATE TABLE letters (doc BLOB, letter TEXT);
    CREATE TRIGGER spell AFTER INSERT ON docs BEGIN
        INSERT INTO letters
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < length(NEW.text))
            SELECT NEW.id, substr(NEW.text, i, 1) FROM n;
        INSERT INTO letters SELECT NEW.id, '.';
    END";

#[tokio::test]
async fn a_row_that_is_created_is_there() {
    for synchronous in BOTH {
        for length in (100..3_000).step_by(200) {
            let file = File::new();
            let db = file.options().synchronous(synchronous).connect().await.expect("a database");
            db.create_tables(&schema![Doc]).await.expect("tables");
            let docs = db.session().repo::<Doc>();
            for _ in 0..20 {
                docs.create(NewDoc { text: "short".to_owned() }).await.expect("a row");
            }
            file.stranger().execute_batch(LETTERS).expect("a trigger");
            let created = docs.create(NewDoc { text: "x".repeat(length) }).await.expect("a row");
            let found = docs.find(created.id).await.expect("an answer");
            assert!(found.is_some(), "{synchronous:?}, {length} letters");
        }
    }
}

const FULL_TEXT: &str = "CREATE VIRTUAL TABLE docs_text USING fts5(text);
    CREATE TRIGGER added AFTER INSERT ON docs BEGIN
        INSERT INTO docs_text (rowid, text) VALUES (NEW.rowid, NEW.text);
    END;
    CREATE TRIGGER removed AFTER DELETE ON docs BEGIN
        DELETE FROM docs_text WHERE rowid = OLD.rowid;
    END";

#[tokio::test]
async fn rows_with_a_full_text_index_are_deleted_when_they_are_said_to_be() {
    let file = File::new();
    let db = file.options().synchronous(Synchronous::Normal).connect().await.expect("a database");
    db.create_tables(&schema![Doc]).await.expect("tables");
    file.stranger().execute_batch(FULL_TEXT).expect("an index");
    let docs = db.session().repo::<Doc>();
    for n in 0..300 {
        let text = format!("word{n} ").repeat(100);
        docs.create(NewDoc { text }).await.expect("a row");
    }
    assert_eq!(docs.query().delete_all().await.expect("an answer"), 300);
    assert_eq!(docs.query().count().await.expect("a count"), 0);
}

#[tokio::test]
async fn rows_that_go_with_others_go_when_they_are_said_to() {
    let file = File::new();
    let backend = with_tables(file.options().synchronous(Synchronous::Normal)).await;
    let tags = "CREATE TABLE tags (note_id INTEGER REFERENCES notes (id) ON DELETE CASCADE);
        CREATE INDEX tags_note ON tags (note_id);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO notes (title, stars) SELECT 'n' || i, 0 FROM n;
        INSERT INTO tags (note_id) SELECT id FROM notes";
    file.stranger().execute_batch(tags).expect("rows");
    let delete = statement(Access::Write, "DELETE FROM notes", &[]);
    assert_eq!(backend.run(delete, &mut ignore).await.expect("an answer"), 5_000);
    assert_eq!(count(&*backend).await.expect("a count"), 0);
}

#[tokio::test]
async fn as_many_rows_are_changed_as_are_said_to_be() {
    for synchronous in BOTH {
        for rows in [300, 600, 1_000, 2_000, 4_000] {
            let file = File::new();
            let backend = with_tables(file.options().synchronous(synchronous)).await;
            let log = format!(
                "CREATE TABLE log (note INTEGER);
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
                INSERT INTO notes (title, stars) SELECT 'n' || i, 0 FROM n;
                CREATE TRIGGER logged AFTER UPDATE ON notes BEGIN
                    INSERT INTO log VALUES (NEW.id);
                END"
            );
            file.stranger().execute_batch(&log).expect("a trigger");
            for n in 0..40 {
                add(&*backend, &format!("short {n}")).await.expect("a row");
            }
            let params = [Value::I64(100)];
            let update = statement(Access::Write, "UPDATE notes SET stars = ?1", &params);
            let said = backend.run(update, &mut ignore).await.expect("an answer");
            let mut changed = 0;
            let found =
                statement(Access::Read, "SELECT count(*) FROM notes WHERE stars = 100", &[]);
            let on_row = &mut |row: &dyn Row| {
                changed = integer(row)?;
                Ok(())
            };
            backend.run(found, on_row).await.expect("a count");
            assert_eq!((said, changed), (rows + 40, rows as i64 + 40), "{synchronous:?}");
        }
    }
}

/// The trigger of `docs/guards.md`.
fn touch(table: &str) -> String {
    let document = include_str!("../../../docs/guards.md");
    let (_, sql) = document.split_once("```sql\n").expect("the trigger");
    let (sql, _) = sql.split_once("```").expect("its end");
    sql.replace("notes", table)
}

#[tokio::test]
async fn a_trigger_that_changes_its_own_row_ends_where_it_is_about_other_columns() {
    let file = File::new();
    let db = file.options().connect().await.expect("a database");
    db.create_tables(&schema![Doc]).await.expect("tables");
    file.stranger().execute_batch(&touch("docs")).expect("a trigger");
    let docs = db.session().repo::<Doc>();
    let mut doc = docs.create(NewDoc { text: "0".to_owned() }).await.expect("a row");
    let touched = || {
        let sql = "SELECT touched FROM docs";
        file.stranger().query_row(sql, [], |row| row.get::<_, Option<String>>(0)).expect("a row")
    };
    assert_eq!(touched(), None);
    // Several in one millisecond, too.
    for n in 1..20 {
        doc.text = n.to_string();
        doc = docs.update(&doc).await.expect("an update");
        docs.patch(doc.id, DocPatch::new().text("x")).await.expect("a patch");
    }
    assert_eq!(touched().map(|at| at.len()), Some(32));
    assert!(db.doctor(&schema![Doc]).await.expect("an answer").is_empty());

    let sql = touch("docs").replace("docs_touched", "again").replace(" OF text", "");
    let (_, sql) = sql.split_once(';').expect("the column is there");
    file.stranger().execute_batch(sql).expect("a trigger");
    let endless = docs.patch(doc.id, DocPatch::new().text("y")).await.expect_err("no end");
    assert!(endless.to_string().contains("too many levels of trigger recursion"), "{endless}");
}
