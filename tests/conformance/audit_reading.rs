//! Reading the audit trail: what happened, and what a row was.

use chrono::{DateTime, TimeDelta, Utc};
use repo_core::audit::{Chain, ImageValue};
use repo_core::testing::FixedClock;
use repo_core::{
    Action, Actor, AuditEntry, Database, Error, Repository, Session, Tenant, WindowRequest, schema,
};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::attacker::{run, unguard};
use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{ACME, Fixture, acme, bolt, by_hand, moment, of_another_program};

/// A shelf, as it was first.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "shelves", audited)]
struct Shelf {
    id: i64,
    label: String,
    depth: i32,
}

/// The same shelf, of a later release: a column was renamed, another added, and one is wider.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "shelves", audited)]
struct NamedShelf {
    id: i64,
    #[repository(formerly = "label")]
    name: String,
    depth: i64,
    color: Option<String>,
}

/// The same shelf, of a release that has more columns.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "shelves", audited, versioned, timestamps)]
struct WideShelf {
    id: i64,
    label: String,
    depth: i32,
    #[repository(added_with = 1)]
    version: i64,
    #[repository(added_with = moment("2020-01-01T00:00:00Z"))]
    created_at: DateTime<Utc>,
    #[repository(added_with = moment("2020-01-01T00:00:00Z"))]
    updated_at: DateTime<Utc>,
    #[repository(decimal(8, 3), added_with = Decimal::new(15, 1))]
    load: Decimal,
    #[repository(added_with = Some("oak".to_owned()))]
    wood: Option<String>,
    color: Option<String>,
    #[repository(json, added_with = vec!["new".to_owned()])]
    tags: Vec<String>,
    #[repository(json, added_with = None)]
    plan: Option<Vec<i32>>,
    #[repository(sensitive)]
    code: Option<String>,
}

/// The same, which says what the column cannot hold.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "shelves", audited)]
struct WrongShelf {
    id: i64,
    label: String,
    #[repository(decimal(2, 1), added_with = Decimal::new(12345, 1))]
    load: Decimal,
}

/// The same shelf, of a release that forgot the old name.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "shelves", audited)]
struct ForgetfulShelf {
    id: i64,
    name: String,
}

/// A document, as it was called first.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "docs", tenant, audited)]
struct Doc {
    id: i64,
    tenant_id: Uuid,
    title: String,
}

/// The same document, of a later release.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "papers", formerly = "docs", tenant, audited)]
struct Paper {
    id: i64,
    tenant_id: Uuid,
    title: String,
}

/// The same document, renamed again.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "works", formerly = "docs", formerly = "papers", tenant, audited)]
struct Work {
    id: i64,
    tenant_id: Uuid,
    title: String,
}

/// The same document, of a release that forgot the old names.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "works", tenant, audited)]
struct ForgetfulWork {
    id: i64,
    tenant_id: Uuid,
    title: String,
}

/// A row with a secret that must be there.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "vaults", tenant, audited)]
struct Vault {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(sensitive)]
    code: String,
}

/// A safe, as it was first: nothing in it was a secret.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "safes", tenant, audited)]
struct OpenSafe {
    id: Uuid,
    tenant_id: Uuid,
    label: String,
    code: String,
    hint: Option<String>,
}

/// The same safe, of a later release: what it holds is secret, and the hint has another name.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "safes", tenant, audited)]
struct Safe {
    id: Uuid,
    tenant_id: Uuid,
    label: String,
    #[repository(sensitive)]
    code: Option<String>,
    #[repository(sensitive, formerly = "hint")]
    clue: Option<String>,
    #[repository(sensitive)]
    owner: Option<String>,
}

/// The same safe, where the code must be there.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "safes", tenant, audited)]
struct LockedSafe {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(sensitive)]
    code: String,
}

pub(crate) async fn the_trail_is_asked_in_many_ways(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Claim]).await;
    let alice = acme(&db).actor("alice").correlation("request-1");
    let robot = acme(&db).actor(Actor::System("cleanup")).correlation(7);
    let first = alice.repo::<Claim>().create(claim("C-1")).await.unwrap().id;
    let second = alice.repo::<Claim>().create(claim("C-2")).await.unwrap().id;
    bolt(&db).actor("alice").repo::<Claim>().create(claim("C-1")).await.unwrap();
    clock.advance(TimeDelta::hours(2));
    robot.repo::<Claim>().delete(first).await.unwrap();

    let trail = acme(&db).audit();
    let numbers = |entries: Vec<AuditEntry>| entries.iter().map(|e| e.seq).collect::<Vec<_>>();
    assert_eq!(numbers(trail.history::<Claim>(first).all().await.unwrap()), [1, 3]);
    assert_eq!(numbers(trail.history::<Claim>(second).all().await.unwrap()), [2]);
    assert_eq!(trail.history::<Claim>(Uuid::nil()).count().await.unwrap(), 0);
    assert_eq!(bolt(&db).audit().history::<Claim>(first).count().await.unwrap(), 0);
    assert_eq!(numbers(trail.by_actor("alice").all().await.unwrap()), [1, 2]);
    assert_eq!(numbers(trail.by_actor(Actor::System("cleanup")).all().await.unwrap()), [3]);
    assert_eq!(trail.by_actor("cleanup").count().await.unwrap(), 0);
    assert_eq!(numbers(trail.by_correlation("request-1").all().await.unwrap()), [1, 2]);
    assert_eq!(numbers(trail.by_correlation(7).all().await.unwrap()), [3]);

    let start = moment("2026-01-31T12:00:00.123456Z");
    let end = start + TimeDelta::hours(2);
    assert_eq!(numbers(trail.between(start, end).all().await.unwrap()), [1, 2]);
    assert_eq!(trail.between(start + TimeDelta::microseconds(1), end).count().await.unwrap(), 0);
    assert_eq!(numbers(trail.recent(1).all().await.unwrap()), [3]);
    assert_eq!(trail.recent(2).count().await.unwrap(), 3);
    assert_eq!(trail.recent(u32::MAX).count().await.unwrap(), 3);

    let deletions = trail.by_correlation(7).filter(AuditEntry::ACTION.eq(Action::Delete));
    assert_eq!(deletions.one().await.unwrap().entity_id, first.to_string());
    let newest = trail.recent(2).order_by(AuditEntry::SEQ.desc());
    let window = newest.clone().window(WindowRequest::first(2)).await.unwrap();
    assert_eq!(numbers(window.items), [3, 2]);
    let rest = WindowRequest::first(2).after(window.end.unwrap());
    assert_eq!(numbers(newest.window(rest).await.unwrap().items), [1]);
    let over_all = db.all_tenants("a look at everything").actor("auditor").audit();
    assert_eq!(over_all.by_actor("alice").count().await.unwrap(), 3);
}

pub(crate) async fn recent_goes_back_to_the_first_entry(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let clock = FixedClock::at(moment("1930-01-31T12:00:00Z"));
    let db = db.with_clock(clock.clone());
    let alice = acme(&db).actor("alice");
    alice.repo::<Claim>().create(claim("C-1")).await.unwrap();
    clock.advance(moment("2026-01-31T12:00:00Z") - moment("1930-01-31T12:00:00Z"));
    for (hours, expected) in [(24, 0), (1_000_000, 1), (20_000_000, 1), (u32::MAX, 1)] {
        assert_eq!(alice.audit().recent(hours).count().await.unwrap(), expected, "{hours}");
    }
}

pub(crate) async fn an_image_shows_its_columns(fixture: Fixture) {
    let (db, _clock) = fixture.with_clock(&schema![Claim]).await;
    let session = acme(&db).actor("alice");
    let id = session.repo::<Claim>().create(claim("C-1")).await.unwrap().id;
    let entry = session.audit().history::<Claim>(id).one().await.unwrap();
    assert_eq!(entry.before, None);
    let image = entry.after.unwrap();
    assert_eq!(image.get("amount"), Some(ImageValue::Text("1.10".to_owned())));
    assert_eq!(image.get("note"), Some(ImageValue::Null));
    assert_eq!(image.get("account"), Some(ImageValue::Redacted));
    assert_eq!(image.get("nothing"), None);
    let names: Vec<_> = image.columns().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names[..3], ["id", "tenant_id", "code"]);
}

pub(crate) async fn a_row_is_rebuilt_as_it_was(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Claim]).await;
    let session = acme(&db).actor("alice");
    let (claims, trail) = (session.repo::<Claim>(), session.audit());
    let mut states = Vec::new();
    let mut note = |state: Option<Claim>| {
        states.push((repo_core::Clock::now(&clock), state));
        clock.advance(TimeDelta::seconds(1));
    };
    let created = claims.create(claim("C-1")).await.unwrap();
    let id = created.id;
    note(Some(created));
    let patch = ClaimPatch::new().note(Some("🦀".to_owned())).amount(Decimal::new(-205, 2));
    note(Some(claims.patch(id, patch).await.unwrap()));
    claims.delete(id).await.unwrap();
    note(Some(claims.query().only_deleted().one().await.unwrap()));
    note(Some(claims.restore(id).await.unwrap()));
    claims.delete(id).await.unwrap();
    claims.purge(id).await.unwrap();
    note(None);

    let before = states[0].0 - TimeDelta::microseconds(1);
    assert_eq!(trail.as_of::<Claim>(id, before).await.unwrap(), None);
    assert_eq!(bolt(&db).audit().as_of::<Claim>(id, states[0].0).await.unwrap(), None);
    for (at, state) in states {
        let then = at + TimeDelta::microseconds(999_999);
        let found = trail.as_of::<Claim>(id, then).await.unwrap();
        let state = state.map(|state| Claim { account: None, ..state });
        assert_eq!(found.as_ref().map(|found| &found.entity), state.as_ref());
        assert!(found.is_none_or(|found| found.redacted == ["account"]));
    }
}

pub(crate) async fn a_row_is_there_from_the_moment_that_it_says(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = acme(&db).actor("alice");
    let (claims, trail) = (session.repo::<Claim>(), session.audit());
    let mut made = vec![claims.create(claim("one")).await.unwrap()];
    made.extend(claims.create_many([claim("two"), claim("three")]).await.unwrap());
    let partly = claims.create_many_partial([claim("four"), claim("one"), claim("five")]).await;
    made.extend(partly.unwrap().into_iter().flatten());
    made.push(claims.upsert(Claim::CODE, claim("six")).await.unwrap().entity);
    let many = claims.upsert_many(Claim::CODE, [claim("seven"), claim("eight")]).await.unwrap();
    made.extend(many.into_iter().map(|it| it.entity));
    made.push(claims.create_or_get(Claim::CODE, claim("nine")).await.unwrap().entity);
    let imported = "code,status,amount,note,account\nten,new,1,,hunter2\n";
    claims.import_csv(imported.as_bytes()).fresh_ids().await.unwrap();
    made.extend(claims.find_by_code("ten").await.unwrap());
    let tx = session.begin().await.unwrap();
    made.push(tx.repo::<Claim>().create(claim("eleven")).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(made.len(), 11);
    let shown = |row: &Claim| Claim { account: None, ..row.clone() };
    for row in &made {
        let id = row.id;
        let patched = claims.patch(id, ClaimPatch::new().note(Some("x".to_owned()))).await.unwrap();
        claims.delete(id).await.unwrap();
        let deleted = claims.query().with_deleted().filter(Claim::ID.eq(id)).one().await.unwrap();
        let restored = claims.restore(id).await.unwrap();
        let updated = Claim { note: None, ..restored.clone() };
        let updated = claims.update(&updated).await.unwrap();
        for (row, at) in [
            (row, row.created_at),
            (&patched, patched.updated_at),
            (&deleted, deleted.deleted_at.unwrap()),
            (&restored, restored.updated_at),
            (&updated, updated.updated_at),
        ] {
            let then = trail.as_of::<Claim>(id, at).await.unwrap();
            assert_eq!(then.map(|then| then.entity), Some(shown(row)));
        }
    }
}

pub(crate) async fn every_type_is_rebuilt(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Recorded]).await;
    let session = db.session().actor("alice");
    let rows = session.repo::<Recorded>();
    let created = rows.create(recorded()).await.unwrap();
    let now = repo_core::Clock::now(&clock);
    let found = session.audit().as_of::<Recorded>(created.id, now).await.unwrap().unwrap();
    assert_eq!(found.entity, created);
    assert_eq!((found.seq, found.redacted.len()), (1, 0));
    rows.delete(created.id).await.unwrap();
    assert_eq!(session.audit().as_of::<Recorded>(created.id, now).await.unwrap(), None);
}

pub(crate) async fn a_renamed_column_is_found_by_its_old_name(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Shelf]).await;
    let session = db.session().actor("alice");
    let new = NewShelf { label: "top".to_owned(), depth: 30 };
    let id = session.repo::<Shelf>().create(new).await.unwrap().id;
    let now = repo_core::Clock::now(&clock);
    let trail = session.audit();
    let found = trail.as_of::<NamedShelf>(id, now).await.unwrap().unwrap().entity;
    assert_eq!(found, NamedShelf { id, name: "top".to_owned(), depth: 30, color: None });
    let error = trail.as_of::<ForgetfulShelf>(id, now).await;
    assert_error!(error, Error::Decode { entity: "ForgetfulShelf", column: "name", .. });
}

pub(crate) async fn a_column_that_was_added_later_is_what_the_struct_says(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Shelf]).await;
    let session = db.session().actor("alice");
    let new = NewShelf { label: "top".to_owned(), depth: 30 };
    let id = session.repo::<Shelf>().create(new).await.unwrap().id;
    let now = repo_core::Clock::now(&clock);
    let then = session.audit().as_of::<WideShelf>(id, now).await.unwrap().unwrap();
    let first = moment("2020-01-01T00:00:00Z");
    let expected = WideShelf {
        id,
        label: "top".to_owned(),
        depth: 30,
        version: 1,
        created_at: first,
        updated_at: first,
        load: Decimal::new(1_500, 3),
        wood: Some("oak".to_owned()),
        color: None,
        tags: vec!["new".to_owned()],
        plan: None,
        code: None,
    };
    assert_eq!(then.entity, expected);
    let added =
        ["version", "created_at", "updated_at", "load", "wood", "color", "tags", "plan", "code"];
    assert_eq!((then.unrecorded, then.redacted), (added.to_vec(), vec![]));
    let error = session.audit().as_of::<WrongShelf>(id, now).await;
    assert_error!(error, Error::Decode { entity: "WrongShelf", column: "load", .. });
}

pub(crate) async fn what_an_entry_tells_is_not_what_the_struct_says(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![WideShelf]).await;
    let session = db.session().actor("alice");
    let new = NewWideShelf {
        label: "top".to_owned(),
        depth: 30,
        load: Decimal::new(2_500, 3),
        wood: None,
        color: None,
        tags: vec![],
        plan: Some(vec![1]),
        code: Some("hunter2".to_owned()),
    };
    let shelf = session.repo::<WideShelf>().create(new).await.unwrap();
    let now = repo_core::Clock::now(&clock);
    let then = session.audit().as_of::<WideShelf>(shelf.id, now).await.unwrap().unwrap();
    assert_eq!(then.entity, WideShelf { code: None, ..shelf });
    assert_eq!((then.unrecorded, then.redacted), (vec![], vec!["code"]));
}

pub(crate) async fn a_row_that_is_older_than_the_trail_was_not_absent(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Shelf]).await;
    let session = db.session().actor("alice");
    let sql = session.unchecked_sql("a row of before there was a trail");
    sql.execute("INSERT INTO shelves (id, label, depth) VALUES (7, 'top', 30)").await.unwrap();
    let before = repo_core::Clock::now(&clock);
    let trail = session.audit();
    assert_eq!(trail.as_of::<Shelf>(7, before).await.unwrap(), None, "no entry tells of it");

    clock.advance(TimeDelta::hours(1));
    session.repo::<Shelf>().patch(7, ShelfPatch::new().depth(40)).await.unwrap();
    for at in [before, repo_core::Clock::now(&clock)] {
        let error = trail.as_of::<Shelf>(7, at).await;
        assert_error!(error, Error::Decode { entity: "Shelf", column: "id", .. });
    }
}

/// What somebody else numbers.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "tickets", audited)]
struct Ticket {
    #[repository(assigned)]
    id: i64,
    price: i64,
}

pub(crate) async fn of_what_was_removed_from_the_trail_nothing_is_claimed(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Ticket]).await;
    let session = db.session().actor("alice");
    let (tickets, trail) = (session.repo::<Ticket>(), session.audit());
    let hours: Vec<_> = {
        let start = repo_core::Clock::now(&clock);
        (0..4).map(|hour| start + TimeDelta::hours(hour)).collect()
    };
    let new = |id, price| NewTicket { id, price };
    tickets.create_many([new(1, 10), new(2, 20)]).await.unwrap();
    clock.advance(TimeDelta::hours(1));
    tickets.delete(2).await.unwrap();
    clock.advance(TimeDelta::hours(1));
    tickets.create(new(3, 30)).await.unwrap();
    clock.advance(TimeDelta::hours(1));
    tickets.create(new(2, 22)).await.unwrap();
    let price = async |id, hour: usize| {
        let then = trail.as_of::<Ticket>(id, hours[hour]).await;
        then.map(|then| then.map(|then| then.entity.price))
    };
    for (id, hour, expected) in [(1, 3, Some(10)), (2, 0, Some(20)), (2, 1, None), (4, 3, None)] {
        assert_eq!(price(id, hour).await.unwrap(), expected, "{id} at {hour}");
    }

    unguard(&db).await;
    run(&db, "DELETE FROM repo_audit WHERE tenant = '' AND seq < 4").await;
    for (id, hour) in [(1, 0), (1, 2), (1, 3), (2, 0), (2, 1), (3, 1), (4, 3)] {
        let error = price(id, hour).await;
        assert_error!(error, Error::Decode { entity: "Ticket", column: "id", .. });
    }
    for (id, hour, expected) in [(2, 2, None), (2, 3, Some(22)), (3, 2, Some(30)), (3, 3, Some(30))]
    {
        assert_eq!(price(id, hour).await.unwrap(), expected, "{id} at {hour}");
    }
}

pub(crate) async fn a_renamed_table_keeps_its_history(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Doc]).await;
    let session = acme(&db).actor("alice");
    let trail = session.audit();
    let first = session.repo::<Doc>().create(NewDoc { title: "one".to_owned() }).await.unwrap();
    session.repo::<Doc>().create(NewDoc { title: "another".to_owned() }).await.unwrap();
    let of_doc = repo_core::Clock::now(&clock);

    clock.advance(TimeDelta::hours(1));
    rename(&db, "docs", "papers").await;
    let papers = release(&db, &clock).repo::<Paper>();
    papers.patch(first.id, PaperPatch::new().title("two")).await.unwrap();
    let of_paper = repo_core::Clock::now(&clock);
    clock.advance(TimeDelta::hours(1));
    rename(&db, "papers", "works").await;
    let works = release(&db, &clock).repo::<Work>();
    works.patch(first.id, WorkPatch::new().title("three")).await.unwrap();
    works.delete(first.id).await.unwrap();

    let history = trail.history::<Work>(first.id).all().await.unwrap();
    let told: Vec<_> = history.iter().map(|it| (it.seq, it.entity.as_str(), it.action)).collect();
    let expected = [
        (1, "docs", Action::Create),
        (3, "papers", Action::Update),
        (4, "works", Action::Update),
        (5, "works", Action::Delete),
    ];
    assert_eq!(told, expected);
    let page = trail.history::<Work>(first.id).window(WindowRequest::first(1)).await.unwrap();
    let rest = WindowRequest::first(9).after(page.end.unwrap());
    let rest = trail.history::<Work>(first.id).window(rest).await.unwrap().items;
    assert_eq!(rest, history[1..]);
    for (at, title) in [(of_doc, "one"), (of_paper, "two")] {
        let then = trail.as_of::<Work>(first.id, at).await.unwrap().unwrap();
        assert_eq!(then.entity.title, title);
    }
    let now = repo_core::Clock::now(&clock);
    assert_eq!(trail.as_of::<Work>(first.id, now).await.unwrap(), None);
    // Under the names that a struct knows, and no others.
    assert_eq!(trail.history::<Paper>(first.id).count().await.unwrap(), 2);
    assert_eq!(bolt(&db).audit().history::<Work>(first.id).count().await.unwrap(), 0);
    assert_eq!(trail.history::<ForgetfulWork>(first.id).count().await.unwrap(), 2);
    let chain = db.audit_chain(Chain::tenant(&ACME).unwrap());
    assert!(chain.verify().await.unwrap().is_intact());
}

pub(crate) async fn an_audited_entity_where_another_was_is_refused_whichever_comes_first(
    fixture: Fixture,
) {
    let reason = "`Paper` was `docs`, where `Doc` is now: the history of the one would be that of both; give the \
        table of `Doc` another name";
    let (db, clock) = fixture.with_clock(&schema![Doc]).await;
    let refused = [
        acme(&db).actor("alice").repo::<Paper>().count().await.map(drop),
        db.register(&schema![Paper]),
        db.create_tables(&schema![Paper]).await,
        db.create_tables(&schema![Doc, Paper]).await,
        db.create_tables(&schema![Paper, Doc]).await,
    ];
    for answer in refused {
        assert_error!(answer, Error::InvalidSchema { reason: told } if told == reason);
    }
    rename(&db, "docs", "papers").await;
    let session = release(&db, &clock);
    session.repo::<Paper>().count().await.unwrap();
    let answer = session.repo::<Doc>().create(NewDoc { title: "new".to_owned() }).await;
    assert_error!(answer, Error::InvalidSchema { reason: told } if told == reason);
}

/// A session of a program that was started anew on the same database.
fn release(db: &Database, clock: &FixedClock) -> Session<Tenant<Uuid>> {
    acme(&of_another_program(db).with_clock(clock.clone())).actor("alice")
}

/// What a migration does.
async fn rename(db: &Database, from: &str, to: &str) {
    let mut raw = by_hand(db).await;
    raw.execute_script(&format!("ALTER TABLE {from} RENAME TO {to}")).await.unwrap();
    raw.commit().await.unwrap();
}

pub(crate) async fn a_secret_that_must_be_there_is_not_made_up(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Vault]).await;
    let session = acme(&db).actor("alice");
    let new = NewVault { code: "hunter2".to_owned() };
    let id = session.repo::<Vault>().create(new).await.unwrap().id;
    let now = repo_core::Clock::now(&clock);
    let error = session.audit().as_of::<Vault>(id, now).await;
    assert_error!(error, Error::Redacted { entity: "Vault", column: "code" });
}

pub(crate) async fn what_became_sensitive_later_is_not_shown_again(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![OpenSafe]).await;
    let session = acme(&db).actor("alice");
    let safes = session.repo::<OpenSafe>();
    let hint = Some("the cat".to_owned());
    let new = NewOpenSafe { label: "left".to_owned(), code: "hunter2".to_owned(), hint };
    let id = safes.create(new).await.unwrap().id;
    safes.patch(id, OpenSafePatch::new().code("hunter3").hint(None)).await.unwrap();

    let (trail, now) = (session.audit(), repo_core::Clock::now(&clock));
    let then = trail.as_of::<Safe>(id, now).await.unwrap().unwrap();
    let Safe { label, code, clue, owner, .. } = then.entity;
    assert_eq!((label.as_str(), code, clue, owner), ("left", None, None, None));
    assert_eq!(then.redacted, ["code", "clue"]);
    let error = trail.as_of::<LockedSafe>(id, now).await;
    assert_error!(error, Error::Redacted { entity: "LockedSafe", column: "code" });

    // What was recorded is what is hashed.
    let entries = trail.history::<Safe>(id).all().await.unwrap();
    let recorded = ImageValue::Text("hunter3".to_owned());
    assert_eq!(entries[1].after.as_ref().unwrap().get("code"), Some(recorded));
    let chain = db.audit_chain(Chain::tenant(&ACME).unwrap());
    assert!(chain.verify().await.unwrap().is_intact());
}
