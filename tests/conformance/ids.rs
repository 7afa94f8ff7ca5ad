//! Ids at their limits: nothing but one, one's own, one that two tenants have.

use chrono::{DateTime, Utc};
use repo_core::{Error, IdSource, Repository, WindowRequest, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, backend, bolt};

/// A row that is an identity and nothing else.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "ticks")]
struct Tick {
    id: i64,
}

/// A tree.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "folders", tenant)]
struct Folder {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(references = Folder)]
    parent_id: Option<Uuid>,
}

/// Gives every row the same id.
#[derive(Debug)]
struct Same;

impl IdSource for Same {
    fn next_id(&self, _: DateTime<Utc>) -> Uuid {
        Uuid::from_u128(7)
    }
}

pub(crate) async fn a_row_may_be_an_identity_and_nothing_else(fixture: Fixture) {
    let db = fixture.with(&schema![Tick]).await;
    let ticks = db.session().repo::<Tick>();
    let one = ticks.create(NewTick {}).await.unwrap();
    for count in [1, 2, 1_500] {
        let many = ticks.create_many((0..count).map(|_| NewTick {})).await.unwrap();
        assert_eq!(many.len(), count);
        let found = ticks.get_many(many.iter().map(|tick| tick.id)).await.unwrap();
        assert_eq!(found.into_iter().flatten().collect::<Vec<_>>(), many);
    }
    assert_eq!(ticks.update(&one).await.unwrap(), one);
    assert_eq!(ticks.patch(one.id, TickPatch::new()).await.unwrap(), one);
    ticks.delete(one.id).await.unwrap();
    assert!(ticks.update(&one).await.unwrap_err().is_not_found());
}

pub(crate) async fn after_the_highest_number_there_is_none(fixture: Fixture) {
    let db = fixture.with(&schema![Tick]).await;
    let ticks = db.session().repo::<Tick>();
    let (highest, is_sqlite) = (i64::MAX, db.system() == "sqlite");
    let give = if is_sqlite {
        format!("INSERT INTO ticks VALUES ({highest})")
    } else {
        format!("SELECT setval('ticks_id_seq', {highest})")
    };
    let mut raw = backend(&db).begin(repo_core::TransactionOptions::new()).await.unwrap();
    raw.execute_script(&give).await.unwrap();
    raw.commit().await.unwrap();
    // SQLite says of it what it says of a full disk.
    match (ticks.create(NewTick {}).await.unwrap_err(), is_sqlite) {
        (Error::StorageFull { source }, true) => assert_eq!(source.code.as_deref(), Some("13")),
        (Error::Backend(source), false) => assert_eq!(source.code.as_deref(), Some("2200H")),
        (other, _) => panic!("{other:?}"),
    }
}

pub(crate) async fn a_row_may_refer_to_itself_and_go(fixture: Fixture) {
    let db = fixture.with(&schema![Folder]).await;
    let folders = acme(&db).repo::<Folder>();
    let root = folders.create(NewFolder { parent_id: None }).await.unwrap();
    let child = folders.create(NewFolder { parent_id: Some(root.id) }).await.unwrap();
    assert_error!(folders.delete(root.id).await, Error::ForeignKey { .. });
    folders.patch(child.id, FolderPatch::new().parent_id(child.id)).await.unwrap();
    folders.delete(child.id).await.unwrap();
    folders.delete(root.id).await.unwrap();
}

pub(crate) async fn one_id_of_two_tenants_is_two_rows_over_all_tenants(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await.with_ids(Same);
    let id = acme(&db).repo::<Ticket>().create(ticket("a")).await.unwrap().id;
    assert_eq!(bolt(&db).repo::<Ticket>().create(ticket("b")).await.unwrap().id, id);
    let tickets = db.all_tenants("a report").repo::<Ticket>();
    assert_error!(tickets.find(id).await, Error::MoreThanOne { .. });
    assert_error!(tickets.get_many([id]).await, Error::MoreThanOne { .. });
    let tx = tickets.session().begin().await.unwrap();
    assert_error!(tx.repo::<Ticket>().get_many([id]).await, Error::MoreThanOne { .. });
    tx.commit().await.unwrap();
    assert!(tickets.exists(id).await.unwrap());
    let nulls_first = Ticket::OWNER.asc().nulls_first();
    for order in [Ticket::TITLE.asc(), Ticket::WEIGHT.desc(), nulls_first, Ticket::ID.asc()] {
        let query = tickets.query().order_by(order);
        let rows = query.clone().all().await.unwrap();
        let first = query.clone().window(WindowRequest::first(1)).await.unwrap();
        let rest = WindowRequest::first(5).after(first.end.unwrap());
        let rest = query.clone().window(rest).await.unwrap();
        assert_eq!([first.items, rest.items].concat(), rows);
        let before = WindowRequest::last(5).before(rest.end.unwrap());
        assert_eq!(query.window(before).await.unwrap().items, rows[..1]);
    }
}
