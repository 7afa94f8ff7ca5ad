//! A secret that is planted in every sensitive column by every way to write: nothing tells it but the row.
//!
//! The secret is unique, so that a hit is a hit; what looks for it finds a word that is no secret and was
//! written the same way, so that no hit means something.

use std::error::Error as _;
use std::fmt::Debug;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use repo_core::{
    Access, AuditEntry, Backend, Database, Entity as _, Kind, Reach, Repository, Result, Row,
    Session, Statement, Tenant, Value, WindowRequest, schema,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::capture::Watching;
use crate::fixture::{ACME, Fixture, NOBODY, acme};

/// A secret in a column of every type that can hold one. Its own `Debug` is its author's, so it has none.
#[derive(Repository)]
#[repository(table = "envelopes", tenant, soft_delete, versioned, audited)]
struct Envelope {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(unique)]
    label: String,
    #[repository(sensitive, unique, max_length = 80)]
    pin: String,
    #[repository(sensitive)]
    note: Option<String>,
    #[repository(sensitive, json)]
    papers: Papers,
    #[repository(sensitive)]
    number: i64,
    #[repository(sensitive)]
    bytes: Vec<u8>,
    #[repository(sensitive, default = None)]
    hint: Option<String>,
    version: i64,
    deleted_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Papers {
    pages: Vec<String>,
}

/// The same table, read by somebody who expects other documents.
#[derive(Repository)]
#[repository(table = "envelopes", tenant)]
struct Misread {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(sensitive, json)]
    papers: Vec<i64>,
}

/// The same table, read by somebody who expects other words.
#[derive(Repository)]
#[repository(table = "envelopes", tenant)]
struct Misspelt {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(sensitive)]
    pin: crate::entities::Status,
}

/// A secret, a word that is none, and all that was said while they were written.
struct Plant {
    secret: String,
    number: i64,
    open: String,
    count: u32,
    told: Vec<(&'static str, String)>,
}

impl Plant {
    fn new() -> Self {
        let (secret, open) = (Uuid::new_v4(), Uuid::new_v4());
        // Of its last digits some are used to tell values apart.
        let number = i64::try_from(secret.as_u128() >> 66).unwrap() / 100_000 * 100_000;
        let (secret, open) = (secret.simple().to_string(), open.simple().to_string());
        Self { secret, number, open, count: 0, told: Vec::new() }
    }

    /// The secret in every spelling that it may be written in.
    fn spellings(&self) -> Vec<String> {
        let hex: String = self.secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let list = format!("{:?}", self.secret.as_bytes());
        let number = (self.number / 100_000).to_string();
        let list = list.trim_matches(['[', ']']).to_owned();
        vec![self.secret.clone(), hex.to_uppercase(), hex, list, number]
    }

    /// A value that was not there before.
    fn next(&mut self) -> String {
        self.count += 1;
        format!("{}-{}", self.secret, self.count)
    }

    /// An envelope of secrets under a name that is none.
    fn envelope(&mut self) -> NewEnvelope {
        let pin = self.next();
        NewEnvelope {
            label: format!("{}-{}", self.open, self.count),
            note: Some(pin.clone()),
            papers: Papers { pages: vec![pin.clone()] },
            number: self.number + i64::from(self.count),
            bytes: pin.clone().into_bytes(),
            pin,
        }
    }

    fn patch(&mut self) -> EnvelopePatch {
        let NewEnvelope { pin, note, papers, number, bytes, .. } = self.envelope();
        EnvelopePatch::new()
            .pin(pin.clone())
            .note(note)
            .papers(papers)
            .number(number)
            .bytes(bytes)
            .hint(Some(pin))
    }

    fn shown(&mut self, what: &'static str, it: &impl Debug) {
        self.told.push((what, format!("{it:?}")));
        self.told.push((what, format!("{it:#?}")));
    }

    /// It must fail, and what it says is looked at, down to the causes.
    fn failed<T>(&mut self, what: &'static str, result: Result<T>) {
        let Err(error) = result else { panic!("{what} was to fail") };
        self.shown(what, &error);
        self.told.push((what, error.to_string()));
        let mut cause = error.source();
        while let Some(error) = cause {
            self.told.push((what, format!("{error} {error:?}")));
            cause = error.source();
        }
    }

    fn assert_hidden(&self, place: &str, text: &str) {
        for spelling in self.spellings() {
            assert!(!text.contains(&spelling), "{place} tells a secret: {text}");
        }
    }
}

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

/// Writes secrets in every way that fails for what is given.
async fn fail(plant: &mut Plant, session: &Session<Tenant<Uuid>>, id: Uuid) -> Result<()> {
    let envelopes = session.repo::<Envelope>();
    let stored = envelopes.get(id).await?;
    let (pin, label) = (stored.pin.clone(), stored.label.clone());
    let long = |plant: &mut Plant| plant.next().repeat(3);
    let other = envelopes.create(plant.envelope()).await?;

    let new = NewEnvelope { pin: pin.clone(), ..plant.envelope() };
    plant.failed("a conflict", nested(session, async |e| e.create(new).await).await);
    let new = [plant.envelope(), NewEnvelope { pin: pin.clone(), ..plant.envelope() }];
    plant.failed("a conflict of many", nested(session, async |e| e.create_many(new).await).await);
    let patch = plant.patch().pin(pin.clone());
    plant.failed("a conflict", nested(session, async |e| e.patch(other.id, patch).await).await);
    let new = NewEnvelope { label: label.clone(), ..plant.envelope() };
    let once = nested(session, async |e| e.create_or_get(Envelope::LABEL, new).await).await;
    plant.failed("another payload", once);
    let new = NewEnvelope { pin: pin.clone(), ..plant.envelope() };
    let once = nested(session, async |e| e.create_or_get(Envelope::LABEL, new).await).await;
    plant.failed("another key that is taken", once);

    let new = NewEnvelope { pin: long(plant), ..plant.envelope() };
    plant.failed("what is too long", envelopes.create(new).await);
    let new = NewEnvelope { pin: long(plant), ..plant.envelope() };
    plant.failed("what is too long", envelopes.create_many([new]).await);
    let patch = EnvelopePatch::new().pin(long(plant));
    plant.shown("a patch that is refused", &patch);
    plant.failed("what is too long", envelopes.patch(id, patch).await);
    let patch = EnvelopePatch::new().note(Some(format!("{}\0", plant.next())));
    plant.failed("what no column holds", envelopes.patch(id, patch).await);
    let stale = envelopes.patch(id, plant.patch()).if_version(1).await;
    plant.failed("what is stale", stale);
    let missing = envelopes.patch(NOBODY, plant.patch()).await;
    plant.failed("what is missing", missing);
    let foreign = Envelope { tenant_id: NOBODY, pin: plant.next(), ..stored };
    plant.failed("what is another's", envelopes.update(&foreign).await);

    envelopes.delete(other.id).await?;
    let new = NewEnvelope { pin: other.pin.clone(), ..plant.envelope() };
    envelopes.create(new).await?;
    let restored = nested(session, async |e| e.restore(other.id).await).await;
    plant.failed("a restoration that collides", restored);
    Ok(())
}

/// Asks about secrets.
async fn ask(plant: &mut Plant, session: &Session<Tenant<Uuid>>) -> Result<()> {
    let envelopes = session.repo::<Envelope>();
    let filter =
        || Envelope::PIN.contains(&plant.secret) & Envelope::NOTE.ne(plant.secret.as_str());
    let shown = [format!("{:?}", filter()), format!("{:?}", envelopes.filter(filter()))];
    let order = Envelope::PIN.asc();
    let window = envelopes.filter(filter()).order_by(order).window(WindowRequest::first(1)).await;
    let none = envelopes.filter(Envelope::PIN.eq(plant.next())).one().await;
    let many = envelopes.filter(Envelope::PIN.contains(&plant.secret)).one().await;
    plant.shown("a question", &shown);
    plant.failed("an order by a secret", window);
    plant.failed("a question without answer", none);
    plant.failed("a question with many answers", many);
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
    let within = db.backend().within(&Reach::All);
    let backend: Arc<dyn Backend> = within.unwrap_or_else(|| Arc::clone(db.backend()));
    let mut text = String::new();
    for column in AuditEntry::TABLE.columns {
        let as_text = match db.system() {
            "postgres" => format!("\"{}\"::text", column.name),
            _ => format!("quote(\"{}\")", column.name),
        };
        let sql = format!("SELECT {as_text} FROM repo_audit");
        let table = AuditEntry::TABLE;
        let statement = Statement { sql: &sql, params: &[], access: Access::Read, table };
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
    fail(plant, session, id).await.unwrap();
    ask(plant, session).await.unwrap();
    by_hand(plant, session, id).await;
    let inside: Result<()> = session
        .transaction(async |tx| {
            let id = write(plant, tx).await?;
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

pub(crate) async fn a_planted_secret_is_told_by_nothing_but_its_row(fixture: Fixture) {
    let mut plant = Plant::new();
    let words = plant.spellings().into_iter().chain([plant.open.clone()]);
    let watching = Watching::for_words(words.collect());
    let db = fixture.with(&schema![Envelope]).await;
    let session = acme(&db).actor("alice");
    plant_everywhere(&mut plant, &session).await;

    let trail = dump(&db).await;
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

    for (what, text) in &plant.told {
        plant.assert_hidden(what, text);
    }
    let is_told = |what: &str, word: &str| {
        plant.told.iter().any(|(of, text)| *of == what && text.contains(word))
    };
    assert!(is_told("a draft", &plant.open) && is_told("a new one", &plant.open));
    assert!(is_told("a patch", "<sensitive>") && is_told("a conflict", "pin"));
    assert!(is_told("what is too long", "pin") && is_told("what is missing", &NOBODY.to_string()));

    let open = plant.open.as_str();
    tracing::trace!(target: "sqlx::query", open, "a word that is no secret");
    tracing::trace_span!(target: "rusqlite", "a span", open);
    db.all_tenants(open);
    let lines = watching.found();
    for line in &lines {
        plant.assert_hidden("a log", &line.text);
    }
    for target in ["sqlx::query", "rusqlite", "repo"] {
        assert!(
            lines.iter().any(|line| line.target == target),
            "{target} is listened to: {lines:?}"
        );
    }
    assert_eq!(ACME, *session.scope().id());
}
