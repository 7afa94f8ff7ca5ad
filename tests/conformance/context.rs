//! What a session and a database add to a row: correlation, time, id.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use repo_core::audit::Chain;
use repo_core::testing::{FixedClock, SequentialIds};
use repo_core::{Clock, Error, Repository, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{ACME, Fixture, acme, moment};

pub(crate) async fn a_row_keeps_the_correlation_of_its_creation(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let first = acme(&db).correlation("first");
    let created = first.repo::<Ticket>().create(ticket("A-1")).await.unwrap();
    assert_eq!(created.correlation_id.as_deref(), Some("first"));
    let second = acme(&db).correlation("second").repo::<Ticket>();
    let patched = second.patch(created.id, TicketPatch::new().title("b")).await.unwrap();
    assert_eq!(patched.correlation_id.as_deref(), Some("first"));
    let inside: Result<_, Error> =
        first.transaction(async |tx| tx.repo::<Ticket>().create_many([ticket("A-2")]).await).await;
    assert_eq!(inside.unwrap()[0].correlation_id.as_deref(), Some("first"));
    let none = acme(&db).repo::<Ticket>().create(ticket("A-3")).await.unwrap();
    assert_eq!(none.correlation_id, None);
    assert_eq!(acme(&db).repo::<Ticket>().get(none.id).await.unwrap(), none);
}

pub(crate) async fn a_correlation_that_is_required_must_be_there_and_fit(fixture: Fixture) {
    let db = fixture.with(&schema![Event]).await;
    let none = db.tenant(Org(1)).repo::<Event>().create(event("a")).await;
    assert_error!(none, Error::InvalidInput { column, .. } if column == "request");
    let session = db.tenant(Org(1)).correlation("no uuid");
    let wrong = session.repo::<Event>().create(event("a")).await;
    assert_error!(wrong, Error::InvalidInput { column, .. } if column == "request");
    let request = Uuid::new_v4();
    let session = db.tenant(Org(1)).correlation(request);
    let created = session.repo::<Event>().create(event("a")).await.unwrap();
    assert_eq!(created.request, request);
}

pub(crate) async fn time_comes_from_the_clock(fixture: Fixture) {
    let clock = FixedClock::at(moment("1999-12-31T23:59:59.999999Z"));
    let db = fixture.with(&schema![Ticket]).await.with_clock(clock.clone());
    let tickets = acme(&db).repo::<Ticket>();
    let created = tickets.create(ticket("A-1")).await.unwrap();
    assert_eq!(created.created_at, moment("1999-12-31T23:59:59.999999Z"));
    clock.advance(TimeDelta::microseconds(1));
    let patched = tickets.patch(created.id, TicketPatch::new().title("b")).await.unwrap();
    assert_eq!(patched.updated_at, moment("2000-01-01T00:00:00Z"));
    assert_eq!(patched.created_at, created.created_at);
    let new_year = Ticket::UPDATED_AT.ge(moment("2000-01-01T00:00:00Z"));
    assert_eq!(tickets.filter(new_year).one().await.unwrap(), patched);
}

pub(crate) async fn a_clock_finer_than_a_microsecond_is_cut(fixture: Fixture) {
    #[derive(Debug)]
    struct Fine;
    impl Clock for Fine {
        fn now(&self) -> DateTime<Utc> {
            moment("2026-01-31T12:00:00.123456789Z")
        }
    }
    let db = fixture.with(&schema![Ticket]).await.with_clock(Fine);
    let tickets = acme(&db).repo::<Ticket>();
    let created = tickets.create(ticket("A-1")).await.unwrap();
    assert_eq!(created.created_at, moment("2026-01-31T12:00:00.123456Z"));
    assert_eq!(tickets.get(created.id).await.unwrap(), created);
    tickets.delete(created.id).await.unwrap();
    let deleted = tickets.query().only_deleted().one().await.unwrap();
    assert_eq!(deleted.deleted_at, Some(created.created_at));
}

/// Who comes in, when.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "visits", tenant, versioned, soft_delete, timestamps, audited)]
struct Visit {
    id: Uuid,
    tenant_id: Uuid,
    name: String,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    deleted_at: Option<DateTime<Utc>>,
}

/// A clock that tells one time.
#[derive(Debug)]
struct Told(DateTime<Utc>);

impl Clock for Told {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

pub(crate) async fn a_time_that_no_database_keeps_is_told_of_the_clock(fixture: Fixture) {
    let db = fixture.with(&schema![Visit, Item]).await;
    let new = || NewVisit { name: "ann".to_owned() };
    let visits = acme(&db).actor("ann").repo::<Visit>();
    let live = visits.create(new()).await.unwrap();
    let gone = visits.create(new()).await.unwrap().id;
    visits.delete(gone).await.unwrap();
    let year = |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap().and_time(NaiveTime::MIN);
    let leap = NaiveDate::from_ymd_opt(2016, 12, 31).unwrap().and_hms_milli_opt(23, 59, 59, 1_500);
    for told in [leap.unwrap(), year(10_000), year(12_000), year(0), year(-43)] {
        let wrong = db.clone().with_clock(Told(told.and_utc()));
        let session = acme(&wrong).actor("ann");
        let (visits, items) = (session.repo::<Visit>(), session.repo::<Item>());
        let patch = || VisitPatch::new().name("bob");
        let refused = [
            visits.create(new()).await.map(drop),
            visits.create_many([new()]).await.map(drop),
            visits.create_many_partial([new()]).await.map(drop),
            visits.update(&live).await.map(drop),
            visits.patch(live.id, patch()).await.map(drop),
            visits.patch_many([(live.id, patch())]).await.map(drop),
            visits.query().patch_all(patch()).await.map(drop),
            visits.query().delete_all().await.map(drop),
            visits.delete(live.id).await,
            visits.delete_many([live.id]).await,
            visits.restore(gone).await.map(drop),
            visits.purge(gone).await,
            visits.restore_many([gone]).await.map(drop),
            visits.purge_many([gone]).await,
            visits.query().recent(Visit::CREATED_AT, Duration::from_secs(1)).all().await.map(drop),
            session.audit().recent(1).all().await.map(drop),
            items.create(item("a")).await.map(drop),
        ];
        for answer in refused {
            assert_error!(answer, Error::InvalidInput { column, .. } if column == "clock");
        }
    }
    assert_eq!(visits.all().await.unwrap(), [live]);
    let chain = db.audit_chain(Chain::tenant(&ACME).unwrap());
    assert!(chain.verify().await.unwrap().is_intact());
}

pub(crate) async fn ids_come_from_their_source(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let counted = db.clone().with_ids(SequentialIds::new()).session().repo::<Item>();
    assert_eq!(counted.create(item("a")).await.unwrap().id, Uuid::from_u128(1));
    let many = counted.create_many([item("b"), item("c")]).await.unwrap();
    assert_eq!(many[1].id, Uuid::from_u128(3));
    let made = db.session().repo::<Item>().create(item("d")).await.unwrap();
    assert_eq!(made.id.get_version_num(), 7);
}

pub(crate) async fn ids_made_later_sort_later(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    let created = items.create_many((0..500).map(|n| item(&n.to_string()))).await.unwrap();
    assert!(created.is_sorted_by(|a, b| a.id < b.id));
    assert_eq!(items.all().await.unwrap(), created);
}

pub(crate) async fn a_closed_database_says_so(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let health = db.health().await.unwrap();
    assert!(health.size >= 1);
    db.close().await;
    assert_error!(db.session().repo::<Item>().count().await, Error::Closed);
    assert_error!(db.session().repo::<Item>().create(item("a")).await, Error::Closed);
    assert_error!(db.session().begin().await, Error::Closed);
    assert_error!(db.health().await, Error::Closed);
    db.close().await;
}
