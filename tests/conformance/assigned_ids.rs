//! Ids that whoever creates a row gives: texts, numbers and UUIDs, which other rows have or had.

use std::collections::BTreeSet;
use std::fmt::Debug;

use chrono::{DateTime, Duration, Utc};
use repo_core::{
    ColumnType, Database, Error, GeneratedId, HasMany, HasOne, IdType, Outcome, Repository,
    Session, Tenant, WindowRequest, schema,
};
use uuid::Uuid;

use crate::expect::assert_error;
use crate::fixture::{ACME, Fixture, acme, bolt, by_hand, of_another_program};

/// What an instrument is traded by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, ColumnType)]
struct Symbol(String);

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "instruments", tenant, soft_delete, versioned, audited)]
struct Instrument {
    #[repository(id, assigned, max_length = 12)]
    symbol: Symbol,
    tenant_id: Uuid,
    #[repository(unique)]
    name: String,
    version: i64,
    deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    deletion_id: Option<Uuid>,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "quotes", tenant, soft_delete)]
struct Quote {
    #[repository(assigned)]
    id: i32,
    tenant_id: Uuid,
    #[repository(references = Instrument, on_delete = cascade)]
    instrument: Symbol,
    cents: i64,
    deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    deletion_id: Option<Uuid>,
}

/// At most one of an instrument, which has its id.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "fact_sheets", tenant)]
struct FactSheet {
    #[repository(id, assigned, references = Instrument)]
    instrument_id: Symbol,
    tenant_id: Uuid,
    text: String,
}

/// What somebody else has numbered.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "feed_lines", immutable, audited)]
struct FeedLine {
    #[repository(assigned)]
    id: i64,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "uploads", tenant)]
struct Upload {
    #[repository(assigned)]
    id: Uuid,
    tenant_id: Uuid,
    name: String,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "shelves")]
struct Shelf<K: IdType + PartialEq + Debug> {
    #[repository(assigned)]
    id: K,
    name: String,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "boxes")]
struct Crate<K: GeneratedId + PartialEq + Debug> {
    id: K,
    beside: Option<K>,
}

/// Whose ids have a form of their own, unless somebody gives one.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "calls", tenant, audited)]
struct Call {
    #[repository(assigned, default = format!("call_{}", Uuid::now_v7().simple()))]
    id: String,
    tenant_id: Uuid,
    #[repository(unique)]
    number: i64,
    text: String,
}

/// A program of before, in which the database made the ids.
mod before {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "lots")]
    pub(super) struct Lot {
        pub(super) id: i64,
        pub(super) name: String,
    }

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "stamps", tenant)]
    pub(super) struct Stamp {
        pub(super) id: i64,
        pub(super) tenant_id: Uuid,
        pub(super) name: String,
    }

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "feed_lines", immutable, audited)]
    pub(super) struct FeedLine {
        pub(super) id: i64,
        pub(super) text: String,
    }
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "stamps", tenant)]
struct Stamp {
    #[repository(assigned)]
    id: i64,
    tenant_id: Uuid,
    name: String,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "lots")]
struct Lot {
    #[repository(assigned)]
    id: i64,
    name: String,
}

/// Of which nobody has another's, whoever the tenant is.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "seals", tenant, soft_delete, unique(global, id))]
struct Seal {
    #[repository(assigned)]
    id: String,
    tenant_id: Uuid,
    name: String,
    deleted_at: Option<DateTime<Utc>>,
}

impl Instrument {
    fn quotes() -> HasMany<Self, Quote> {
        Quote::instrument().many()
    }

    fn fact_sheet() -> HasOne<Self, FactSheet> {
        FactSheet::instrument().one()
    }
}

/// Texts that are hard on quoting, on order and on encoding.
const HARD: [&str; 9] = ["", " ", "'; --", "A", "Z\"\\", "a", "é", "\u{fffd}", "\u{1f980}"];

fn symbol(text: &str) -> Symbol {
    Symbol(text.to_owned())
}

fn instrument(text: &str) -> NewInstrument {
    NewInstrument { symbol: symbol(text), name: format!("the name of {text:?}") }
}

fn quote(id: i32, of: &str) -> NewQuote {
    NewQuote { id, instrument: symbol(of), cents: i64::from(id) * 100 }
}

async fn market(fixture: &Fixture) -> Database {
    fixture.with(&schema![Instrument, Quote, FactSheet]).await
}

fn trader(db: &Database) -> Session<Tenant<Uuid>> {
    acme(db).actor("alice")
}

pub(crate) async fn a_row_has_the_id_that_it_was_given(fixture: Fixture) {
    let db = market(&fixture).await;
    let instruments = trader(&db).repo::<Instrument>();
    for text in HARD {
        let made = instruments.create(instrument(text)).await.unwrap();
        assert_eq!(made.symbol, symbol(text));
        assert_eq!(instruments.get(made.symbol.clone()).await.unwrap(), made);
        assert!(instruments.exists(made.symbol.clone()).await.unwrap());
        let patch = InstrumentPatch::new().name(format!("{text:?} by another name"));
        let patched = instruments.patch(made.symbol.clone(), patch).if_version(1).await.unwrap();
        let renamed = Instrument { name: format!("{text:?} again"), ..patched };
        let updated = instruments.update(&renamed).await.unwrap();
        assert_eq!((updated.version, &updated.name), (3, &renamed.name));
    }
    assert_error!(instruments.get(symbol("B")).await, Error::NotFound { .. });
    let wanted = ["Z\"\\", "nobody", "", "Z\"\\"].map(symbol);
    let found = instruments.get_many(wanted.clone()).await.unwrap();
    let found: Vec<_> = found.into_iter().map(|row| row.map(|row| row.symbol)).collect();
    let [first, _, empty, again] = wanted;
    assert_eq!(found, [Some(first), None, Some(empty), Some(again)]);
    instruments.delete_many(["a", "A"].map(symbol)).await.unwrap();
    assert_error!(instruments.get(symbol("a")).await, Error::NotFound { .. });
    let back = instruments.restore_many([symbol("a")]).await.unwrap();
    assert_eq!(back[0].symbol, symbol("a"));
    instruments.delete(symbol("é")).await.unwrap();
    instruments.purge(symbol("é")).await.unwrap();
    assert!(instruments.create(instrument("é")).await.is_ok(), "the id is free again");
}

pub(crate) async fn numbers_and_uuids_are_given_too(fixture: Fixture) {
    let db = fixture.with(&schema![FeedLine, Upload, Shelf::<i16>, Crate::<i64>]).await;
    let lines = db.session().actor("feed").repo::<FeedLine>();
    let numbers = [i64::MIN, -1, 0, 1, i64::MAX];
    for id in numbers {
        let line = lines.create(NewFeedLine { id, text: "a".to_owned() }).await.unwrap();
        assert_eq!((line.id, lines.get(id).await.unwrap()), (id, line));
    }
    let many = (2..1_500).map(|id| NewFeedLine { id, text: "b".to_owned() });
    assert_eq!(lines.create_many(many).await.unwrap().len(), 1_498);
    assert_eq!(lines.count().await.unwrap(), 1_503);
    let ids = lines.all().await.unwrap();
    assert!(ids.is_sorted_by_key(|line| line.id));
    let uploads = acme(&db).repo::<Upload>();
    let id = Uuid::max();
    let upload = uploads.create(NewUpload { id, name: "a".to_owned() }).await.unwrap();
    assert_eq!(uploads.get(id).await.unwrap(), upload);
    let shelves = db.session().repo::<Shelf<i16>>();
    let shelf = shelves.create(NewShelf { id: i16::MIN, name: "low".to_owned() }).await.unwrap();
    assert_eq!(shelves.get_many([i16::MIN]).await.unwrap(), [Some(shelf)]);
    let boxes = db.session().repo::<Crate<i64>>();
    let made = boxes.create(NewCrate { beside: Some(7) }).await.unwrap();
    assert_eq!(boxes.get(made.id).await.unwrap(), made);
}

pub(crate) async fn an_id_with_a_default_may_be_left_out(fixture: Fixture) {
    let db = fixture.with(&schema![Call]).await;
    let session = trader(&db);
    let calls = session.repo::<Call>();
    let call = |number: i64, text: &str| NewCall { number, text: text.to_owned() };
    let made = calls.create(call(1, "a")).await.unwrap();
    assert!(made.id.starts_with("call_"), "{made:?}");
    let given = calls.create(call(2, "b").id("call_of_mine")).await.unwrap();
    assert_eq!(calls.get("call_of_mine".to_owned()).await.unwrap(), given);
    let taken = calls.create(call(3, "c").id(made.id.clone())).await;
    assert_error!(taken, Error::Conflict { .. });
    let many = calls.create_many((10..1_500).map(|number| call(number, "d"))).await.unwrap();
    let ids: BTreeSet<_> = many.into_iter().map(|call| call.id).collect();
    assert_eq!(ids.len(), 1_490);
    // What is left out is not compared, and stays.
    let found = calls.create_or_get(Call::NUMBER, call(1, "a")).await.unwrap();
    assert_eq!((found.is_new(), found.entity.id), (false, made.id.clone()));
    let upserted = calls.upsert(Call::NUMBER, call(1, "e")).await.unwrap();
    assert_eq!((upserted.outcome, upserted.entity.id), (Outcome::Updated, made.id.clone()));
    let other = call(1, "e").id("call_of_mine_too");
    assert!(calls.upsert(Call::NUMBER, other).await.unwrap_err().is_invalid_input());
    let upserted = calls.upsert(Call::ID, call(1, "f").id(made.id.clone())).await.unwrap();
    assert_eq!(upserted.outcome, Outcome::Updated);
    let history = session.audit().history::<Call>(made.id).count().await.unwrap();
    assert_eq!(history, 3);
}

pub(crate) async fn an_id_that_is_taken_is_a_conflict(fixture: Fixture) {
    let db = market(&fixture).await;
    let instruments = trader(&db).repo::<Instrument>();
    instruments.create(instrument("A")).await.unwrap();
    let other = NewInstrument { name: "another".to_owned(), ..instrument("A") };
    let is_of_id = |error: &Error| match error.cause() {
        Error::Conflict { entity, columns, .. } => {
            *entity == "Instrument" && columns == &["symbol"]
        }
        _ => false,
    };
    let refused = instruments.create(other.clone()).await.unwrap_err();
    assert!(is_of_id(&refused), "{refused:?}");
    for count in [3, 1_200] {
        let others = (1..count).map(|number| instrument(&format!("{number}")));
        let many = others.chain([other.clone()]);
        let refused = instruments.create_many(many).await.unwrap_err();
        assert_eq!(refused.row(), Some(count - 1));
        assert!(is_of_id(&refused), "{refused:?}");
    }
    let each = instruments.create_many_partial([instrument("E"), other.clone(), instrument("F")]);
    let each: Vec<_> = each.await.unwrap().iter().map(Result::is_ok).collect();
    assert_eq!(each, [true, false, true]);
    let twice = instruments.create_many([instrument("B"), instrument("B")]).await.unwrap_err();
    assert_eq!(twice.row(), Some(1));
    instruments.delete(symbol("A")).await.unwrap();
    let refused = instruments.create(other.clone()).await.unwrap_err();
    assert!(is_of_id(&refused), "a deleted row keeps its id: {refused:?}");
    assert_eq!(instruments.count().await.unwrap(), 2);
    let theirs = bolt(&db).actor("bob").repo::<Instrument>();
    assert_eq!(theirs.create(other).await.unwrap().symbol, symbol("A"));
    let all = db.all_tenants("a report").actor("alice").repo::<Instrument>();
    assert_error!(
        all.query().with_deleted().filter(Instrument::SYMBOL.eq(symbol("A"))).one().await,
        Error::MoreThanOne { .. }
    );
}

pub(crate) async fn a_row_that_never_changes_is_given_its_id_once(fixture: Fixture) {
    let db = fixture.with(&schema![FeedLine]).await;
    let lines = db.session().actor("feed").repo::<FeedLine>();
    let line = |text: &str| NewFeedLine { id: 7, text: text.to_owned() };
    let made = lines.create(line("a")).await.unwrap();
    for text in ["a", "b"] {
        assert_error!(lines.create(line(text)).await, Error::Conflict { .. });
        assert_error!(lines.create_many([line(text)]).await, Error::Conflict { .. });
    }
    let found = lines.create_or_get(FeedLine::ID, line("a")).await.unwrap();
    assert_eq!((found.is_new(), &found.entity), (false, &made));
    let refused = lines.create_or_get(FeedLine::ID, line("b")).await;
    assert_error!(refused, Error::IdempotencyMismatch { .. });
    let mut by_hand = by_hand(&db).await;
    let replace = match db.system() {
        "sqlite" => "REPLACE INTO feed_lines VALUES (7, 'b')",
        _ => "INSERT INTO feed_lines VALUES (7, 'b') ON CONFLICT (id) DO UPDATE SET text = 'b'",
    };
    assert!(by_hand.execute_script(replace).await.is_err());
    drop(by_hand);
    assert_eq!(lines.all().await.unwrap(), [made]);
}

pub(crate) async fn of_many_who_give_one_id_at_once_one_has_it(fixture: Fixture) {
    let db = fixture.with(&schema![Upload, Shelf::<String>]).await;
    for round in 0..10 {
        let tasks: Vec<_> = (0..20)
            .map(|caller| {
                let db = db.clone();
                tokio::spawn(async move {
                    let name = format!("by {caller}");
                    if caller % 2 == 0 {
                        let new = NewUpload { id: Uuid::from_u128(round), name };
                        acme(&db).repo::<Upload>().create(new).await.map(drop)
                    } else {
                        let new = NewShelf { id: format!("s-{round}"), name };
                        db.session().repo::<Shelf<String>>().create(new).await.map(drop)
                    }
                })
            })
            .collect();
        let mut added = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(()) => added += 1,
                Err(error) => assert!(error.is_conflict(), "{error:?}"),
            }
        }
        assert_eq!(added, 2);
    }
}

pub(crate) async fn a_row_is_created_once_by_its_id(fixture: Fixture) {
    let db = market(&fixture).await;
    let session = trader(&db);
    let instruments = session.repo::<Instrument>();
    let first = instruments.create_or_get(Instrument::SYMBOL, instrument("A")).await.unwrap();
    let again = instruments.create_or_get(Instrument::SYMBOL, instrument("A")).await.unwrap();
    assert_eq!((first.is_new(), again.is_new(), first.entity), (true, false, again.entity));
    let other = NewInstrument { name: "another".to_owned(), ..instrument("A") };
    let refused = instruments.create_or_get(Instrument::SYMBOL, other).await;
    assert_error!(refused, Error::IdempotencyMismatch { .. });
    let other = NewInstrument { symbol: symbol("B"), ..instrument("A") };
    let refused = instruments.create_or_get(Instrument::NAME, other).await;
    assert_error!(refused, Error::IdempotencyMismatch { .. });
    instruments.delete(symbol("A")).await.unwrap();
    let refused = instruments.create_or_get(Instrument::SYMBOL, instrument("A")).await;
    assert_error!(refused, Error::Conflict { .. });
    let tx = session.begin().await.unwrap();
    let within = tx.repo::<Instrument>();
    let refused = within.create_or_get(Instrument::SYMBOL, instrument("A")).await;
    assert_error!(refused, Error::Conflict { .. });
    tx.rollback().await.unwrap();
    let entries = session.audit().history::<Instrument>(symbol("A")).count().await.unwrap();
    assert_eq!(entries, 2, "created and deleted");
}

pub(crate) async fn a_row_is_upserted_by_its_id(fixture: Fixture) {
    let db = market(&fixture).await;
    let session = trader(&db);
    let instruments = session.repo::<Instrument>();
    let outcome = async |new: NewInstrument| {
        instruments.upsert(Instrument::SYMBOL, new).await.map(|upserted| upserted.outcome)
    };
    assert_eq!(outcome(instrument("A")).await.unwrap(), Outcome::Created);
    assert_eq!(outcome(instrument("A")).await.unwrap(), Outcome::Unchanged);
    let other = NewInstrument { name: "another".to_owned(), ..instrument("A") };
    assert_eq!(outcome(other).await.unwrap(), Outcome::Updated);
    for count in [2, 1_200] {
        let many = (0..count).map(|number| instrument(&format!("A{number}")));
        let many = instruments.upsert_many(Instrument::SYMBOL, many).await.unwrap();
        let symbols: Vec<_> = many.iter().map(|it| it.entity.symbol.clone()).collect();
        let given: Vec<_> = (0..count).map(|number| symbol(&format!("A{number}"))).collect();
        assert_eq!(symbols, given);
    }
    // By another key the row is found, and its id stays.
    let moved = NewInstrument { symbol: symbol("B"), name: "another".to_owned() };
    let refused = instruments.upsert(Instrument::NAME, moved).await.unwrap_err();
    assert!(refused.is_invalid_input() && refused.to_string().contains("symbol"), "{refused}");
    instruments.delete(symbol("A")).await.unwrap();
    assert_error!(outcome(instrument("A")).await, Error::Conflict { .. });
    let many = [instrument("C"), instrument("A")];
    let refused = instruments.upsert_many(Instrument::SYMBOL, many).await.unwrap_err();
    assert_eq!(refused.row(), Some(1));
    assert!(refused.is_conflict());
    let tx = session.begin().await.unwrap();
    let refused = tx.repo::<Instrument>().upsert(Instrument::SYMBOL, instrument("A")).await;
    assert_error!(refused, Error::Conflict { .. });
    tx.rollback().await.unwrap();
    assert!(!instruments.exists(symbol("C")).await.unwrap());
}

pub(crate) async fn an_id_that_is_made_is_no_key_to_create_by(fixture: Fixture) {
    let db = fixture.with(&schema![Crate::<i64>]).await;
    let boxes = db.session().repo::<Crate<i64>>();
    let new = NewCrate { beside: None };
    let refused = boxes.upsert(Crate::<i64>::ID, new.clone()).await.unwrap_err();
    assert!(refused.is_invalid_input(), "{refused:?}");
    let refused = boxes.create_or_get(Crate::<i64>::ID, new).await.unwrap_err();
    assert!(refused.is_invalid_input(), "{refused:?}");
}

pub(crate) async fn texts_are_in_order_and_windows_end_at_them(fixture: Fixture) {
    let db = market(&fixture).await;
    let instruments = trader(&db).repo::<Instrument>();
    let mut shuffled = HARD;
    shuffled.rotate_left(5);
    instruments.create_many(shuffled.map(instrument)).await.unwrap();
    let all: Vec<_> = instruments.all().await.unwrap().into_iter().map(|it| it.symbol).collect();
    let mut sorted = HARD.map(symbol);
    sorted.sort();
    assert_eq!(all, sorted);
    let query = instruments.query().order_by(Instrument::VERSION.desc());
    let (mut walked, mut request) = (Vec::new(), WindowRequest::first(2));
    loop {
        let window = query.clone().window(request).await.unwrap();
        let next = window.next_cursor();
        walked.extend(window.items.into_iter().map(|it| it.symbol));
        let Some(next) = next else { break };
        request = WindowRequest::first(2).after(next);
    }
    let distinct: BTreeSet<_> = walked.iter().cloned().collect();
    assert_eq!((walked.len(), distinct.len()), (HARD.len(), HARD.len()));
    let patched = instruments
        .filter(Instrument::SYMBOL.ge(symbol("A")))
        .patch_all(InstrumentPatch::new().name("x"))
        .await;
    assert!(patched.unwrap_err().is_conflict(), "the name is unique");
    let ids: Vec<_> = sorted.iter().map(|id| (id.clone(), named(id))).collect();
    let patched = instruments.patch_many(ids).await.unwrap();
    assert_eq!(patched.into_iter().map(|it| it.symbol).collect::<Vec<_>>(), sorted);
}

fn named(id: &Symbol) -> InstrumentPatch {
    InstrumentPatch::new().name(format!("new {}", id.0))
}

pub(crate) async fn rows_refer_to_texts_and_go_and_come_back_with_them(fixture: Fixture) {
    let db = market(&fixture).await;
    let session = trader(&db);
    let (instruments, quotes) = (session.repo::<Instrument>(), session.repo::<Quote>());
    instruments.create_many(["A", "B\"'"].map(instrument)).await.unwrap();
    quotes.create_many([quote(1, "A"), quote(2, "B\"'"), quote(3, "A")]).await.unwrap();
    let refused = quotes.create(quote(4, "C")).await;
    assert_error!(refused, Error::ForeignKey { .. });
    let text = "about A".to_owned();
    let sheets = session.repo::<FactSheet>();
    sheets.create(NewFactSheet { instrument_id: symbol("A"), text: text.clone() }).await.unwrap();
    let again = NewFactSheet { instrument_id: symbol("A"), text };
    assert_error!(sheets.create(again).await, Error::Conflict { .. });
    let rows = instruments.query().with((Instrument::quotes(), Instrument::fact_sheet()));
    let rows = rows.all().await.unwrap();
    let seen: Vec<_> = rows
        .iter()
        .map(|(it, (quotes, sheet))| {
            let quotes: Vec<_> = quotes.iter().map(|quote| quote.id).collect();
            (it.symbol.0.as_str(), quotes, sheet.is_some())
        })
        .collect();
    assert_eq!(seen, [("A", vec![1, 3], true), ("B\"'", vec![2], false)]);
    let of = Quote::instrument().has(Instrument::NAME.contains("B"));
    let found = quotes.query().filter(of).with(Quote::instrument()).one().await.unwrap();
    assert_eq!((found.0.id, found.1.unwrap().symbol), (2, symbol("B\"'")));
    instruments.delete(symbol("A")).await.unwrap();
    assert_error!(instruments.purge(symbol("A")).await, Error::ForeignKey { .. });
    sheets.delete(symbol("A")).await.unwrap();
    assert_eq!(quotes.all().await.unwrap().iter().map(|it| it.id).collect::<Vec<_>>(), [2]);
    assert_error!(quotes.create(quote(5, "A")).await, Error::ParentDeleted { .. });
    instruments.restore(symbol("A")).await.unwrap();
    assert_eq!(quotes.count().await.unwrap(), 3);
    instruments.delete(symbol("A")).await.unwrap();
    let tomorrow = Utc::now() + Duration::days(1);
    instruments.purge_deleted_before(tomorrow).chunk(1).await.unwrap();
    let left = instruments.query().with_deleted().all().await.unwrap();
    assert_eq!(left.iter().map(|it| it.symbol.0.as_str()).collect::<Vec<_>>(), ["B\"'"]);
    assert_eq!(quotes.query().with_deleted().count().await.unwrap(), 1);
}

pub(crate) async fn the_trail_names_rows_by_the_ids_they_were_given(fixture: Fixture) {
    let db = market(&fixture).await;
    let session = trader(&db);
    let instruments = session.repo::<Instrument>();
    instruments.create_many(HARD.map(instrument)).await.unwrap();
    for text in HARD {
        instruments.patch(symbol(text), named(&symbol(text))).await.unwrap();
        let trail = session.audit();
        let entries = trail.history::<Instrument>(symbol(text)).all().await.unwrap();
        let ids: Vec<_> = entries.iter().map(|it| it.entity_id.as_str()).collect();
        assert_eq!(ids, [text, text]);
        let then = trail.as_of::<Instrument>(symbol(text), Utc::now()).await.unwrap().unwrap();
        assert_eq!(then.entity, instruments.get(symbol(text)).await.unwrap());
    }
    // A row that is gone and one that has its id later are one history, with nothing between them.
    let id = || symbol("A");
    let before = instruments.get(id()).await.unwrap();
    instruments.delete(id()).await.unwrap();
    instruments.purge(id()).await.unwrap();
    let trail = session.audit();
    let as_of_now = async || {
        let found = trail.as_of::<Instrument>(id(), Utc::now()).await.unwrap();
        found.map(|found| found.entity)
    };
    assert_eq!(as_of_now().await, None);
    let again = instruments.create(instrument("A")).await.unwrap();
    assert_ne!(again, before);
    assert_eq!(as_of_now().await, Some(again));
    let verified = session.audit().chain().unwrap().verify().await.unwrap();
    assert!(verified.is_intact(), "{verified:?}");
}

pub(crate) async fn ids_go_through_a_file_as_they_are(fixture: Fixture) {
    let db = market(&fixture).await;
    let instruments = trader(&db).repo::<Instrument>();
    instruments.create_many(HARD.map(instrument)).await.unwrap();
    let mut file = Vec::new();
    instruments.query().export_csv(&mut file).await.unwrap();
    let theirs = bolt(&db).actor("bob").repo::<Instrument>();
    let import = || theirs.import_csv(file.as_slice()).into_this_tenant();
    let refused = import().fresh_ids().await.unwrap_err();
    assert!(refused.is_invalid_input() && refused.to_string().contains("assigned"), "{refused}");
    assert_eq!(import().await.unwrap(), HARD.len() as u64);
    let symbols = |rows: Vec<Instrument>| rows.into_iter().map(|it| it.symbol).collect::<Vec<_>>();
    let (ours, theirs) = (instruments.all().await.unwrap(), theirs.all().await.unwrap());
    assert_eq!(symbols(theirs), symbols(ours));
    let without = "name\nnobody\n";
    let refused = instruments.import_csv(without.as_bytes()).await.unwrap_err();
    assert!(!refused.to_string().contains("fresh_ids"), "{refused}");
}

pub(crate) async fn an_id_longer_than_its_column_is_refused(fixture: Fixture) {
    let db = market(&fixture).await;
    let instruments = trader(&db).repo::<Instrument>();
    let refused = instruments.create(instrument("thirteen-long")).await.unwrap_err();
    assert!(refused.is_invalid_input(), "{refused:?}");
    let nul = instruments.create(instrument("a\0b")).await.unwrap_err();
    assert!(nul.is_invalid_input(), "{nul:?}");
    assert!(instruments.get(symbol("a\0b")).await.is_err());
    let session = trader(&db);
    let refused = session.audit().history::<Instrument>(symbol("a\0b")).all().await.unwrap_err();
    assert_eq!(refused.to_string(), "`symbol` holds a NUL character");
}

pub(crate) async fn a_row_that_was_there_before_the_trail_may_come_again(fixture: Fixture) {
    let db = market(&fixture).await;
    let session = trader(&db);
    let instruments = session.repo::<Instrument>();
    let raw = acme(&db).actor("dba");
    let raw = raw.unchecked_sql("a row of before").bind(ACME);
    let row =
        "INSERT INTO instruments (symbol, tenant_id, name, version) VALUES ('A', $1, 'raw', 1)";
    raw.execute(row).await.unwrap();
    instruments.patch(symbol("A"), named(&symbol("A"))).await.unwrap();
    let trail = session.audit();
    let now = async || trail.as_of::<Instrument>(symbol("A"), Utc::now()).await;
    assert_error!(now().await, Error::Decode { column: "symbol", .. });
    instruments.delete(symbol("A")).await.unwrap();
    instruments.purge(symbol("A")).await.unwrap();
    assert_eq!(now().await.unwrap(), None);
    let created = instruments.create(instrument("A")).await.unwrap();
    assert_eq!(now().await.unwrap().map(|found| found.entity), Some(created));
}

pub(crate) async fn an_id_may_be_unique_over_all_tenants(fixture: Fixture) {
    let db = fixture.with(&schema![Seal]).await;
    let (ours, theirs) = (acme(&db).repo::<Seal>(), bolt(&db).repo::<Seal>());
    let seal = |id: &str| NewSeal { id: id.to_owned(), name: "a".to_owned() };
    assert!(ours.create_or_get(Seal::ID, seal("A")).await.unwrap().is_new());
    assert!(!ours.create_or_get(Seal::ID, seal("A")).await.unwrap().is_new());
    for refused in [
        theirs.create(seal("A")).await.map(drop),
        theirs.create_or_get(Seal::ID, seal("A")).await.map(drop),
        theirs.upsert(Seal::ID, seal("A")).await.map(drop),
    ] {
        assert_error!(refused, Error::Conflict { .. });
    }
    ours.delete("A".to_owned()).await.unwrap();
    assert_error!(ours.create_or_get(Seal::ID, seal("A")).await, Error::Conflict { .. });
    assert_error!(ours.upsert(Seal::ID, seal("A")).await, Error::Conflict { .. });
    assert!(theirs.upsert(Seal::ID, seal("A")).await.is_ok(), "the id is unique among live rows");
}

pub(crate) async fn an_error_shows_an_id_once_and_not_all_of_a_long_one(fixture: Fixture) {
    let db = fixture.with(&schema![Shelf::<String>, Upload]).await;
    let shelves = db.session().repo::<Shelf<String>>();
    let missing = async |id: &str| shelves.get(id.to_owned()).await.unwrap_err().to_string();
    assert_eq!(missing("ACME").await, "no `Shelf` has the id ACME");
    assert_eq!(missing("a\nb\"c").await, "no `Shelf` has the id a\\nb\\\"c");
    let long = missing(&"é".repeat(5_000)).await;
    assert!(long.ends_with("éé..") && long.chars().count() < 300, "{long}");
    match shelves.get("a\nb".to_owned()).await {
        Err(Error::NotFound { id, .. }) => assert_eq!(id, "a\nb"),
        other => panic!("{other:?}"),
    }
    let nobody = acme(&db).repo::<Upload>().get(Uuid::nil()).await.unwrap_err();
    assert_eq!(nobody.to_string(), format!("no `Upload` has the id {}", Uuid::nil()));
}

pub(crate) async fn the_doctor_finds_tables_with_given_ids_well(fixture: Fixture) {
    let schema = schema![Instrument, Quote, FactSheet, FeedLine, Upload, Shelf::<String>];
    let db = fixture.with(&schema).await;
    assert_eq!(db.doctor(&schema).await.unwrap(), []);
    db.create_tables(&schema).await.unwrap();
}

pub(crate) async fn ids_that_were_made_may_be_given_from_now_on(fixture: Fixture) {
    let db = fixture.with(&schema![before::Lot]).await;
    let name = || "a".to_owned();
    let made = db.session().repo::<before::Lot>();
    let made = made.create(before::NewLot { name: name() }).await.unwrap();
    let db = of_another_program(&db);
    let schema = schema![Lot];
    assert_eq!(db.doctor(&schema).await.unwrap(), []);
    db.create_tables(&schema).await.unwrap();
    let lots = db.session().repo::<Lot>();
    let id = made.id;
    assert_error!(lots.create(NewLot { id, name: name() }).await, Error::Conflict { .. });
    lots.create(NewLot { id: -1, name: name() }).await.unwrap();
    let ids: Vec<_> = lots.all().await.unwrap().into_iter().map(|lot| lot.id).collect();
    assert_eq!(ids, [-1, id]);
}

pub(crate) async fn numbers_of_tenants_that_were_made_are_unique_over_all_until_the_key_changes(
    fixture: Fixture,
) {
    let db = fixture.with(&schema![before::Stamp]).await;
    let stamps = acme(&db).repo::<before::Stamp>();
    let id = stamps.create(before::NewStamp { name: "a".to_owned() }).await.unwrap().id;
    let db = of_another_program(&db);
    let (schema, new) = (schema![Stamp], NewStamp { id, name: "b".to_owned() });
    if db.system() == "sqlite" {
        let findings = db.doctor(&schema).await.unwrap();
        let findings: Vec<_> = findings.iter().map(ToString::to_string).collect();
        let key = "the primary key `stamps_pkey` of `stamps` is (id) instead of (tenant_id, id)";
        assert_eq!(findings, [key]);
        let refused = bolt(&db).repo::<Stamp>().create(new.clone()).await;
        assert_error!(refused, Error::Conflict { .. });
        let mut by_hand = by_hand(&db).await;
        let anew = "CREATE TABLE stamps_new (id INTEGER NOT NULL, \
            tenant_id BLOB NOT NULL CONSTRAINT stamps_tenant_id_check CHECK (length(tenant_id) = 16), \
            name TEXT NOT NULL, CONSTRAINT stamps_pkey PRIMARY KEY (tenant_id, id)) STRICT; \
            INSERT INTO stamps_new SELECT id, tenant_id, name FROM stamps; \
            DROP TABLE stamps; ALTER TABLE stamps_new RENAME TO stamps";
        by_hand.execute_script(anew).await.unwrap();
        by_hand.commit().await.unwrap();
    }
    db.create_tables(&schema).await.unwrap();
    assert_eq!(db.doctor(&schema).await.unwrap(), []);
    assert_eq!(bolt(&db).repo::<Stamp>().create(new.clone()).await.unwrap().id, id);
    let upserted = acme(&db).repo::<Stamp>().upsert(Stamp::ID, new).await.unwrap();
    assert_eq!((upserted.outcome, upserted.entity.name), (Outcome::Updated, "b".to_owned()));
}

pub(crate) async fn a_taken_number_is_called_by_its_column_whenever_its_triggers_were_made(
    fixture: Fixture,
) {
    let taken = async |db: &Database| {
        let lines = db.session().actor("feed").repo::<FeedLine>();
        let line = || NewFeedLine { id: 1, text: "b".to_owned() };
        assert_error!(
            lines.create(line()).await,
            Error::Conflict { constraint, columns, .. }
                if constraint == "feed_lines_pkey" && columns == ["id"]
        );
        let refused = lines.create_or_get(FeedLine::ID, line()).await;
        assert_error!(refused, Error::IdempotencyMismatch { .. });
    };
    let db = fixture.with(&schema![before::FeedLine]).await;
    let made = db.session().actor("feed").repo::<before::FeedLine>();
    made.create(before::NewFeedLine { text: "a".to_owned() }).await.unwrap();
    let db = of_another_program(&db);
    db.create_tables(&schema![FeedLine]).await.unwrap();
    taken(&db).await;
    if db.system() == "sqlite" {
        for trigger in ["feed_lines_refuse_replace_by_rowid", "feed_lines_pkey_refuse_replace"] {
            let mut by_hand = by_hand(&db).await;
            by_hand.execute_script(&format!("DROP TRIGGER {trigger}")).await.unwrap();
            by_hand.commit().await.unwrap();
            db.create_tables(&schema![FeedLine]).await.unwrap();
            taken(&db).await;
        }
    }
}
