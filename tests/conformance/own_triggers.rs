//! Triggers of the application that change the row which a repository writes.

use repo_core::{AuditEntry, Database, Repository, schema};
use uuid::Uuid;

use crate::attacker::run;
use crate::fixture::{Fixture, acme};

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "labels", tenant, audited)]
struct Label {
    id: Uuid,
    tenant_id: Uuid,
    text: String,
}

/// Cuts the blanks off a text, in an update of its own after the row is written.
async fn trim_after(db: &Database) {
    let script = if db.system() == "sqlite" {
        "CREATE TRIGGER added AFTER INSERT ON labels BEGIN \
             UPDATE labels SET text = trim(text) WHERE id = NEW.id AND text <> trim(text); END; \
         CREATE TRIGGER changed AFTER UPDATE ON labels BEGIN \
             UPDATE labels SET text = trim(text) WHERE id = NEW.id AND text <> trim(text); END"
    } else {
        "CREATE FUNCTION trim_after() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             UPDATE labels SET text = trim(text) WHERE id = NEW.id AND text <> trim(text); \
             RETURN NULL; END $$; \
         CREATE TRIGGER trimmed AFTER INSERT OR UPDATE ON labels \
             FOR EACH ROW EXECUTE FUNCTION trim_after()"
    };
    run(db, script).await;
}

/// The same before the row is written, as Postgres can.
async fn trim_before(db: &Database) {
    let script = "DROP TRIGGER trimmed ON labels; \
        CREATE FUNCTION trim_before() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
            NEW.text = trim(NEW.text); RETURN NEW; END $$; \
        CREATE TRIGGER trimmed BEFORE INSERT OR UPDATE ON labels \
            FOR EACH ROW EXECUTE FUNCTION trim_before()";
    run(db, script).await;
}

/// What the newest entry says of the text.
async fn recorded(db: &Database) -> String {
    let entries = acme(db).audit().query().order_by(AuditEntry::SEQ.desc());
    let newest = entries.first().await.unwrap().unwrap();
    let after = newest.after.unwrap();
    let after: serde_json::Value = serde_json::from_str(after.as_str()).unwrap();
    after["text"].as_str().unwrap().to_owned()
}

pub(crate) async fn what_a_trigger_makes_of_a_row_is_read_later(fixture: Fixture) {
    let db = fixture.with(&schema![Label]).await;
    trim_after(&db).await;
    let session = acme(&db).actor("ann");
    let labels = session.repo::<Label>();
    let read = async |id| labels.get(id).await.unwrap().text;

    let label = labels.create(NewLabel { text: " a".to_owned() }).await.unwrap();
    assert_eq!((label.text.as_str(), &*read(label.id).await), (" a", "a"));
    assert_eq!(recorded(&db).await, " a");
    let patched = labels.patch(label.id, LabelPatch::new().text(" b")).await.unwrap();
    assert_eq!((patched.text.as_str(), &*read(label.id).await), (" b", "b"));
    assert_eq!(recorded(&db).await, " b");
    if db.system() == "sqlite" {
        return;
    }

    trim_before(&db).await;
    let label = labels.create(NewLabel { text: " c".to_owned() }).await.unwrap();
    assert_eq!((label.text.as_str(), &*read(label.id).await), (" c", "c"));
    assert_eq!(recorded(&db).await, "c");
    let many = labels.create_many([NewLabel { text: " d".to_owned() }]).await.unwrap();
    assert_eq!((many[0].text.as_str(), &*read(many[0].id).await), (" d", "d"));
    assert_eq!(recorded(&db).await, " d");
    let patched = labels.patch(label.id, LabelPatch::new().text(" e")).await.unwrap();
    assert_eq!((patched.text.as_str(), &*read(label.id).await), ("e", "e"));
    assert_eq!(recorded(&db).await, "e");
}
