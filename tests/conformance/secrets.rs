//! A secret that is planted in every sensitive column by every way to write: nothing tells it but the row.
//!
//! The secret is unique, so that a hit is a hit; what looks for it finds a word that is no secret and was
//! written the same way, so that no hit means something.

mod plant;

use std::sync::Arc;

use plant::*;
use repo_core::backend::{Backend, Effect, Reach, Row, Statement};
use repo_core::{
    AuditEntry, Database, Entity as _, Kind, Result, Session, Tenant, Value, WindowRequest, schema,
};
use tracing::Level;
use uuid::Uuid;

use crate::capture::Watching;
use crate::fixture::{Fixture, NOBODY, acme, backend};

/// Writes secrets in every way that succeeds; returns the id of a live row.
async fn write(plant: &mut Plant, session: &Session<Tenant<Uuid>>) -> Result<Uuid> {
    let envelopes = session.repo::<Envelope>();
    let id = envelopes.create(plant.envelope()).await?.id;
    let hint = plant.next();
    let draft = plant.envelope().hint(hint);
    plant.shown("a draft", &draft);
    envelopes.create(draft).await?;
    envelopes.create_many([plant.envelope(), plant.envelope()]).await?;
    let once = plant.envelope();
    plant.shown("a new one", &once);
    envelopes.create_or_get(Envelope::LABEL, once).await?;
    let patch = plant.patch();
    plant.shown("a patch", &patch);
    plant.shown("a change", &envelopes.patch(id, patch));
    envelopes.patch(id, plant.patch()).await?;
    let stored = envelopes.patch(id, plant.patch()).if_version(2).await?;
    let changed = Envelope { pin: plant.next(), note: None, hint: Some(plant.next()), ..stored };
    let stored = envelopes.update(&changed).await?;
    let found = envelopes.find_by_pin(stored.pin.as_str()).await?;
    assert!(found.is_some_and(|found| found.pin == changed.pin), "the secret is in its row");
    envelopes.delete(id).await?;
    envelopes.restore(id).await?;
    let gone = envelopes.create(plant.envelope()).await?.id;
    envelopes.delete(gone).await?;
    envelopes.purge(gone).await?;
    let sql = session.unchecked_sql("a planted secret").bind(plant.next()).bind(id);
    plant.shown("SQL by hand", &sql);
    sql.execute("UPDATE envelopes SET note = $1 WHERE id = $2").await?;
    Ok(id)
}

/// Writes secrets in every way that meets another row.
async fn collide(plant: &mut Plant, session: &Session<Tenant<Uuid>>, id: Uuid) -> Result<()> {
    let envelopes = session.repo::<Envelope>();
    let Envelope { pin, label, .. } = envelopes.get(id).await?;
    let other = envelopes.create(plant.envelope()).await?;
    let new = NewEnvelope { pin: pin.clone(), ..plant.envelope() };
    plant.failed("a conflict", nested(session, async |e| e.create(new).await).await);
    let new = [plant.envelope(), NewEnvelope { pin: pin.clone(), ..plant.envelope() }];
    plant.failed("a conflict of many", nested(session, async |e| e.create_many(new).await).await);
    let patch = plant.patch().pin(pin.clone());
    plant.failed("a conflict", nested(session, async |e| e.patch(other.id, patch).await).await);
    let new = NewEnvelope { label, ..plant.envelope() };
    let once = nested(session, async |e| e.create_or_get(Envelope::LABEL, new).await).await;
    plant.failed("another payload", once);
    let new = NewEnvelope { pin, ..plant.envelope() };
    let once = nested(session, async |e| e.create_or_get(Envelope::LABEL, new).await).await;
    plant.failed("another key that is taken", once);
    envelopes.delete(other.id).await?;
    let new = NewEnvelope { pin: other.pin, ..plant.envelope() };
    envelopes.create(new).await?;
    let restored = nested(session, async |e| e.restore(other.id).await).await;
    plant.failed("a restoration that collides", restored);
    Ok(())
}

/// Writes secrets in every way that fails by itself.
async fn fail(plant: &mut Plant, session: &Session<Tenant<Uuid>>, id: Uuid) -> Result<()> {
    let envelopes = session.repo::<Envelope>();
    let long = |plant: &mut Plant| plant.next().repeat(3);
    let new = NewEnvelope { pin: long(plant), ..plant.envelope() };
    plant.failed("what is too long", envelopes.create(new).await);
    let new = NewEnvelope { pin: long(plant), ..plant.envelope() };
    plant.failed("what is too long", envelopes.create_many([new]).await);
    let patch = EnvelopePatch::new().pin(long(plant));
    plant.shown("a patch that is refused", &patch);
    plant.failed("what is too long", envelopes.patch(id, patch).await);
    let patch = EnvelopePatch::new().note(Some(format!("{}\0", plant.next())));
    plant.failed("what no column holds", envelopes.patch(id, patch).await);
    let csv = format!("label,pin,note,papers,number,bytes,hint\na,{},,{{}},1,,\n", long(plant));
    let import = envelopes.import_csv(csv.as_bytes()).fresh_ids();
    plant.shown("an import", &import);
    plant.failed("an import of what is too long", import.await);
    let stale = envelopes.patch(id, plant.patch()).if_version(1).await;
    plant.failed("what is stale", stale);
    let missing = envelopes.patch(NOBODY, plant.patch()).await;
    plant.failed("what is missing", missing);
    let stored = envelopes.get(id).await?;
    let foreign = Envelope { tenant_id: NOBODY, pin: plant.next(), ..stored };
    plant.failed("what is another's", envelopes.update(&foreign).await);
    Ok(())
}

/// Asks about secrets.
async fn ask(plant: &mut Plant, session: &Session<Tenant<Uuid>>) -> Result<()> {
    let envelopes = session.repo::<Envelope>();
    let filter =
        || Envelope::PIN.contains(&plant.secret) & Envelope::NOTE.ne(plant.secret.as_str());
    let shown = [format!("{:?}", filter()), format!("{:?}", envelopes.filter(filter()))];
    let data = serde_json::to_string(&filter()).unwrap_err();
    let order = Envelope::PIN.asc();
    let window = envelopes.filter(filter()).order_by(order).window(WindowRequest::first(1)).await;
    let none = envelopes.filter(Envelope::PIN.eq(plant.next())).one().await;
    let many = envelopes.filter(Envelope::PIN.contains(&plant.secret)).one().await;
    plant.shown("a question", &shown);
    plant.failed("an order by a secret", window);
    plant.failed("a question without answer", none);
    plant.failed("a question with many answers", many);
    plant.shown("a question as data", &data);
    let mut files = [Vec::new(), Vec::new()];
    envelopes.query().export_json_lines(&mut files[0]).await?;
    envelopes.query().export_csv(&mut files[1]).await?;
    plant.shown("an export", &files.each_ref().map(|file| String::from_utf8_lossy(file)));
    plant.failed("an import without secrets", envelopes.import_json_lines(&*files[0]).await);
    plant.failed("a document of another shape", session.repo::<Misread>().all().await);
    plant.failed("a word of no enum", session.repo::<Misspelt>().all().await);
    Ok(())
}

/// Writes secrets by hand, where a check refuses them.
async fn by_hand(plant: &mut Plant, session: &Session<Tenant<Uuid>>, id: Uuid) {
    let long = plant.next().repeat(3);
    let sql = session.unchecked_sql("a planted secret").bind(long).bind(id);
    let done = sql.execute("UPDATE envelopes SET pin = $1 WHERE id = $2").await;
    plant.failed("a check", done);
    let sql = session.unchecked_sql("a planted secret").bind(plant.next());
    let done = sql.execute("UPDATE envelopes SET pin = $1").await;
    plant.failed("a unique key by hand", done);
    let sql = session.unchecked_sql("a planted secret").bind(plant.next());
    let done = sql.execute("UPDATE envelopes SET label = NULL, note = $1").await;
    plant.failed("a NULL by hand", done);
    let sql = session.unchecked_sql("a planted secret").bind(id);
    let read = sql.fetch("SELECT pin FROM envelopes WHERE id = $1", |row| row.get::<i64>(0)).await;
    plant.failed("a value of another type by hand", read);
    if session.database().system() == "postgres" {
        let sql = session.unchecked_sql("a planted secret");
        let cast = sql.fetch("SELECT CAST(pin AS bigint) FROM envelopes", |row| row.get::<i64>(0));
        plant.failed("a cast by hand", cast.await);
    }
}

/// Does it in a transaction of its own, which may be a savepoint: an error ends that alone.
async fn nested<T>(
    session: &Session<Tenant<Uuid>>,
    work: impl AsyncFnOnce(EnvelopeRepository<Tenant<Uuid>>) -> Result<T>,
) -> Result<T> {
    session.transaction(async |tx| work(tx.repo::<Envelope>()).await).await
}

/// Every column of every row of the trail as text, read with nothing but SQL.
async fn dump(db: &Database) -> String {
    let within = backend(db).within(&Reach::All);
    let backend: Arc<dyn Backend> = within.unwrap_or_else(|| Arc::clone(backend(db)));
    let mut text = String::new();
    for column in AuditEntry::TABLE.columns {
        let as_text = match db.system() {
            "postgres" => format!("\"{}\"::text", column.name),
            _ => format!("quote(\"{}\")", column.name),
        };
        let sql = format!("SELECT {as_text} FROM repo_audit");
        let table = AuditEntry::TABLE;
        let statement = Statement { sql: &sql, params: &[], effect: Effect::Read, table };
        let mut on_row = |row: &dyn Row| {
            if let Ok(Value::Text(value)) = row.value(0, Kind::Text) {
                text.push_str(&value);
            }
            text.push('\n');
            Ok(())
        };
        backend.run(statement, &mut on_row).await.unwrap();
    }
    text
}

/// Writes the secret in all ways, alone and in a transaction that is kept, and in one that is undone.
async fn plant_everywhere(plant: &mut Plant, session: &Session<Tenant<Uuid>>) {
    let id = write(plant, session).await.unwrap();
    collide(plant, session, id).await.unwrap();
    fail(plant, session, id).await.unwrap();
    ask(plant, session).await.unwrap();
    by_hand(plant, session, id).await;
    let inside: Result<()> = session
        .transaction(async |tx| {
            let id = write(plant, tx).await?;
            collide(plant, tx, id).await?;
            fail(plant, tx, id).await
        })
        .await;
    inside.unwrap();
    let undone: Result<()> = session
        .transaction(async |tx| {
            write(plant, tx).await?;
            let pin = tx.repo::<Envelope>().get(id).await?.pin;
            let new = NewEnvelope { pin, ..plant.envelope() };
            plant.failed("a conflict that ends all", tx.repo::<Envelope>().create(new).await);
            Ok(())
        })
        .await;
    plant.failed("a transaction that an error ended", undone);
}

/// No word of the trail is the secret, and what is no secret is there.
async fn assert_hidden_in_the_trail(plant: &Plant, session: &Session<Tenant<Uuid>>) {
    let db = session.database();
    let trail = dump(db).await;
    plant.assert_hidden("the trail", &trail);
    let spelt = trail.matches(&plant.open).count();
    assert!(
        spelt > 10 && trail.contains("{\"redacted\":true}"),
        "the dump shows the rest: {spelt}"
    );
    let entries = session.audit().all().await.unwrap();
    let shown = format!("{entries:?} {session:?} {:?} {db:?}", session.repo::<Envelope>());
    plant.assert_hidden("the entries", &shown);
    assert!(shown.contains(&plant.open), "entries show what is no secret");
}

/// Nothing that was shown is the secret, and what is no secret was shown.
fn assert_hidden_in_what_was_told(plant: &Plant) {
    for (what, text) in &plant.told {
        plant.assert_hidden(what, text);
    }
    let is_told = |what: &str, word: &str| {
        plant.told.iter().any(|(of, text)| *of == what && text.contains(word))
    };
    assert!(is_told("a draft", &plant.open) && is_told("a new one", &plant.open));
    assert!(is_told("a patch", "<sensitive>") && is_told("a conflict", "pin"));
    assert!(is_told("what is too long", "pin") && is_told("what is missing", &NOBODY.to_string()));
}

/// Nothing that was logged is the secret, and every log is listened to.
fn assert_hidden_in_the_log(plant: &Plant, db: &Database, watching: &Watching) {
    let open = plant.open.as_str();
    tracing::trace!(target: "sqlx::query", open, "a word that is no secret");
    tracing::trace_span!(target: "rusqlite", "a span", open);
    db.all_tenants(open);
    let lines = watching.found();
    for line in &lines {
        plant.assert_hidden("a log", &line.text);
    }
    let levels = [("sqlx::query", Level::TRACE), ("rusqlite", Level::TRACE), ("repo", Level::INFO)];
    for (target, level) in levels {
        let is_heard = lines.iter().any(|line| line.target == target && line.level == level);
        assert!(is_heard, "{target} is listened to: {lines:?}");
    }
}

pub(crate) async fn a_planted_secret_is_told_by_nothing_but_its_row(fixture: Fixture) {
    let mut plant = Plant::new();
    // Of the log, what names the table shows that the statements themselves are heard.
    let heard = [plant.open.clone(), "INSERT INTO \"envelopes\"".to_owned()];
    let watching = Watching::for_words(plant.spellings().into_iter().chain(heard).collect());
    let db = fixture.with(&schema![Envelope]).await;
    let session = acme(&db).actor("alice");
    plant_everywhere(&mut plant, &session).await;
    assert_hidden_in_the_trail(&plant, &session).await;
    assert_hidden_in_what_was_told(&plant);
    let statements = watching.found();
    assert!(statements.iter().any(|line| line.target == "repo::sql"), "statements are heard");
    assert_hidden_in_the_log(&plant, &db, &watching);
}
