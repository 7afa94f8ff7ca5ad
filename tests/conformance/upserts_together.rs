//! Many rows that are upserted with few statements become what they become one by one.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use repo_core::testing::{Event as Noted, Recorder};
use repo_core::{
    AuditEntry, ColumnEnum, Database, Entity as _, Error, Keyed, Outcome, Repository, Result,
    Session, Tenant, schema,
};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{ACME, BOLT, Fixture, acme, backend, bolt};
use crate::hooked::{Ear, invoice};

type Acting = Session<Tenant<Uuid>>;

/// What a feed did, without what differs from tenant to tenant.
#[derive(Debug, PartialEq)]
struct Trace {
    answer: std::result::Result<Vec<String>, String>,
    rows: Vec<String>,
    entries: Vec<String>,
    told: Vec<String>,
}

async fn one_by_one(session: &Acting, feed: &[InvoiceDraft]) -> Result<Vec<Keyed<Invoice>>> {
    session
        .transaction(async |tx| {
            let (invoices, mut done) = (tx.repo::<Invoice>(), Vec::new());
            for (index, row) in feed.iter().enumerate() {
                let upserted = invoices.upsert(Invoice::NUMBER, row.clone()).await;
                done.push(upserted.map_err(|error| error.in_row(index))?);
            }
            Ok(done)
        })
        .await
}

/// The words, in which each id is the number of its invoice, and the tenant nobody's.
fn nameless(words: String, tenant: Uuid, numbers: &BTreeMap<Uuid, String>) -> String {
    let words = words.replace(&tenant.to_string(), "tenant");
    numbers.iter().fold(words, |words, (id, number)| words.replace(&id.to_string(), number))
}

async fn trace(
    (session, tenant): (&Acting, Uuid),
    answer: Result<Vec<Keyed<Invoice>>>,
    ear: &Ear,
    first_entry: usize,
) -> Trace {
    let invoices = session.repo::<Invoice>();
    let rows = invoices.query().with_deleted().order_by(Invoice::NUMBER.asc()).all().await.unwrap();
    let live = |row: &Invoice| if row.deleted_at.is_none() { "" } else { "deleted " };
    let number = |row: &Invoice| (row.id, format!("{}{}", live(row), row.number));
    let numbers: BTreeMap<_, _> = rows.iter().map(number).collect();
    let nameless = |words: String| nameless(words, tenant, &numbers);
    let shown =
        |row: &Invoice| nameless(format!("{} {} {} {}", row.id, row.state, row.cents, row.version));
    let mut entries = session.audit().query().order_by(AuditEntry::SEQ.asc()).all().await.unwrap();
    let entry = |it: &AuditEntry| {
        nameless(format!("{} {:?} {:?} {:?}", it.entity_id, it.action, it.before, it.after))
    };
    let entries = entries.drain(..).skip(first_entry).map(|it| entry(&it)).collect();
    let of_it = tenant.to_string();
    let told = ear.taken().into_iter().filter(|it| it.tenant.as_deref() == Some(&of_it));
    Trace {
        answer: answer
            .map(|rows| {
                rows.iter().map(|it| format!("{:?} {}", it.outcome, shown(&it.entity))).collect()
            })
            .map_err(|error| nameless(format!("{error:?}"))),
        rows: rows.iter().map(shown).collect(),
        entries,
        told: told
            .map(|it| nameless(format!("{:?} {:?} {:?}", it.action, it.before, it.after)))
            .collect(),
    }
}

/// Rows of every kind, in the order in which they are given.
fn feeds() -> Vec<Vec<InvoiceDraft>> {
    let line = |n: i32, state: &str| invoice(&format!("n-{n:02}."), state);
    let all_new = (0..12).step_by(2).map(|n| line(n, "open").into());
    let mixed = (0..14).map(|n| match n % 4 {
        0 => line(n, "open").into(),
        1 => line(n, "open").cents(i64::from(n)),
        2 => line(n, if n > 8 { "paid" } else { "sent" }).into(),
        _ => line(n, "sent").cents(100),
    });
    let again = (0..14).rev().map(|n| line(n, if n == 10 { "paid" } else { "sent" }).cents(7));
    let refused = (0..14).map(|n| line(n, if n == 3 { "open" } else { "lent" }).into());
    let twice = [3, 20, 5, 21, 22].map(|n| line(n, "last").into());
    vec![
        all_new.clone().collect(),
        all_new.clone().collect(),
        mixed.clone().collect(),
        mixed.collect(),
        again.collect(),
        refused.clone().collect(),
        refused.filter(|row: &InvoiceDraft| !format!("{row:?}").contains("n-10")).collect(),
        twice.into(),
    ]
}

pub(crate) async fn they_become_what_they_become_one_by_one(fixture: Fixture) {
    let (db, _clock) = fixture.with_clock(&invoices()).await;
    let ear = Ear::of(&db);
    let (ours, theirs) = (acme(&db).actor("alice"), bolt(&db).actor("alice"));
    let (mut refused, mut seen) = (0, (0, 0));
    for (number, feed) in feeds().into_iter().enumerate() {
        let before = ours.audit().query().count().await.unwrap() as usize;
        let together = ours.repo::<Invoice>().upsert_many(Invoice::NUMBER, feed.clone()).await;
        refused += usize::from(together.is_err());
        let together = trace((&ours, ACME), together, &ear, before).await;
        let apart = one_by_one(&theirs, &feed).await;
        let apart = trace((&theirs, BOLT), apart, &ear, before).await;
        assert_eq!(together, apart, "feed {number}");
        seen = (seen.0 + apart.entries.len(), seen.1 + apart.told.len());
        if number == 3 {
            for session in [&ours, &theirs] {
                let invoices = session.repo::<Invoice>();
                let gone = invoices.find_by_number("n-03.").await.unwrap().unwrap();
                invoices.delete(gone.id).await.unwrap();
            }
            ear.taken();
        }
    }
    assert_eq!(refused, 1, "what is paid stays paid");
    assert!(seen.0 > 40 && seen.0 == seen.1, "{seen:?}");
}

fn statements(recorder: &Recorder) -> usize {
    let is_statement =
        |event: &Noted| matches!(event, Noted::Statement { .. } | Noted::Insert { .. });
    let count = recorder.events().iter().filter(|event| is_statement(event)).count();
    recorder.clear();
    count
}

pub(crate) async fn they_take_few_statements(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let recorder = Recorder::new(Arc::clone(backend(&db)));
    let db = Database::new(Arc::new(recorder.clone()));
    let tickets = acme(&db).repo::<Ticket>();
    let is_postgres = db.system() == "postgres";
    let feed = |title: &str| {
        let title = title.to_owned();
        (0..1_100).map(move |n: i32| {
            let new = NewTicket { title: title.clone(), ..ticket(&n.to_string()) };
            new.number(Some(n))
        })
    };
    let counts = |on_postgres: usize, one_by_one: usize| {
        let expected = if is_postgres { on_postgres } else { one_by_one };
        assert_eq!(statements(&recorder), expected);
    };
    recorder.clear();
    tickets.upsert_many(Ticket::CODE, feed("a")).await.unwrap();
    counts(2 * 2, 1_100);
    tickets.upsert_many(Ticket::CODE, feed("a")).await.unwrap();
    counts(2 * 2, 2_200);
    tickets.upsert_many((Ticket::QUEUE, Ticket::NUMBER), feed("a")).await.unwrap();
    counts(2 * 2, 2_200);
    let changed = tickets.upsert_many((Ticket::QUEUE, Ticket::NUMBER), feed("b")).await.unwrap();
    counts(2 * 2 + 1_100, 3_300);
    assert!(changed.iter().all(|it| it.outcome == Outcome::Updated && it.entity.version == 2));
    assert_eq!(tickets.count().await.unwrap(), 1_100);
}

pub(crate) async fn of_many_feeds_at_once_each_adds_or_meets_each_row(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let there = (0..40).step_by(3).map(|n| claim(&n.to_string()));
    acme(&db).actor("alice").repo::<Claim>().create_many(there).await.unwrap();
    let tasks: Vec<_> = (0..6)
        .map(|amount| {
            let claims = acme(&db).actor("alice").repo::<Claim>();
            let feed = (0..40).map(move |n| NewClaim {
                amount: Decimal::new(amount, 2),
                ..claim(&n.to_string())
            });
            tokio::spawn(async move { claims.upsert_many(Claim::CODE, feed).await })
        })
        .collect();
    let mut created = 0;
    for task in tasks {
        let done = task.await.unwrap().unwrap();
        created += done.iter().filter(|it| it.outcome == Outcome::Created).count();
    }
    assert_eq!(created, 40 - 14);
    let rows = acme(&db).repo::<Claim>().all().await.unwrap();
    assert_eq!(rows.len(), 40);
    let entries = acme(&db).audit().query().count().await.unwrap();
    let versions: i64 = rows.iter().map(|row| row.version).sum();
    assert_eq!(entries, u64::try_from(versions).unwrap());
}

pub(crate) async fn a_key_of_another_tenant_or_another_row_is_named(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    bolt(&db).repo::<Ticket>().create(ticket("a").number(Some(1))).await.unwrap();
    tickets.create(ticket("z").number(Some(3))).await.unwrap();
    let feed = [1, 2, 3, 4].map(|n| ticket(&n.to_string()).number(Some(n)));
    let taken = tickets.upsert_many(Ticket::CODE, feed).await.unwrap_err();
    assert_eq!(taken.row(), Some(2));
    assert_error!(Err::<(), _>(taken.into_cause()), Error::Conflict { columns, .. } if columns == ["queue", "number"]);
    assert_eq!(tickets.count().await.unwrap(), 1, "all or none");
    let inside = acme(&db).begin().await.unwrap();
    let within = inside.repo::<Ticket>();
    let feed = [1, 2, 4].map(|n| ticket(&n.to_string()).number(Some(n)));
    within.upsert_many((Ticket::QUEUE, Ticket::NUMBER), feed).await.unwrap();
    let feed = [5, 3].map(|n| ticket(&n.to_string()).number(Some(n)));
    within.upsert_many(Ticket::CODE, feed).await.unwrap_err();
    inside.rollback().await.unwrap();
    assert_eq!(tickets.count().await.unwrap(), 1);
}

/// A key of every kind that is no text and no number that the database makes.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "quotes", unique(venue, day, strike, side))]
struct Quote {
    id: i64,
    venue: Uuid,
    day: NaiveDate,
    #[repository(decimal(8, 3))]
    strike: Decimal,
    side: Side,
    cents: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
enum Side {
    Buy,
    Sell,
}

pub(crate) async fn a_key_may_have_columns_of_several_kinds(fixture: Fixture) {
    let db = fixture.with(&schema![Quote]).await;
    let recorder = Recorder::new(Arc::clone(backend(&db)));
    let db = Database::new(Arc::new(recorder.clone()));
    let quotes = db.session().repo::<Quote>();
    let key = || (Quote::VENUE, Quote::DAY, Quote::STRIKE, Quote::SIDE);
    let quote = |n: u32, cents| NewQuote {
        venue: Uuid::from_u128(u128::from(n % 2)),
        day: NaiveDate::from_ymd_opt(2026, 1, 1 + n % 3).unwrap(),
        strike: Decimal::new(i64::from(n) * 10, 2),
        side: if n.is_multiple_of(5) { Side::Buy } else { Side::Sell },
        cents,
    };
    let first = quotes.upsert_many(key(), (0..9).map(|n| quote(n, 5))).await.unwrap();
    recorder.clear();
    let again = quotes.upsert_many(key(), (0..9).rev().map(|n| quote(n, 5))).await.unwrap();
    assert_eq!(statements(&recorder), if db.system() == "postgres" { 2 } else { 18 });
    let rows = |done: &[Keyed<Quote>]| done.iter().map(|it| it.entity.clone()).collect::<Vec<_>>();
    let mut expected = rows(&first);
    expected.reverse();
    assert_eq!(rows(&again), expected);
    assert!(again.iter().all(|it| it.outcome == Outcome::Unchanged));
    let some = quotes.upsert_many(key(), [quote(9, 1), quote(4, 1), quote(2, 5)]).await.unwrap();
    let outcomes: Vec<_> = some.iter().map(|it| it.outcome).collect();
    assert_eq!(outcomes, [Outcome::Created, Outcome::Updated, Outcome::Unchanged]);
    assert_eq!(some[1].entity, Quote { cents: 1, ..first[4].entity.clone() });
    assert_eq!(quotes.get(*some[0].entity.id()).await.unwrap(), some[0].entity);
}
