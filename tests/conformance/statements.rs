//! What reaches the database: one statement for one operation, with the tenant in it and no value.

use std::sync::Arc;

use repo_core::testing::{Event as Noted, Recorder};
use repo_core::{Database, PageRequest, Session, Tenant, WindowRequest, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::fixture::{Fixture, NOBODY, acme, backend, bolt};

async fn recorded(fixture: &Fixture) -> (Database, Recorder) {
    let db = fixture.with(&schema![Ticket, Item]).await;
    let recorder = Recorder::new(Arc::clone(backend(&db)));
    (Database::new(Arc::new(recorder.clone())), recorder)
}

/// Every operation on tickets, whatever comes of it.
async fn everything(session: &Session<Tenant<Uuid>>, id: Uuid) {
    let tickets = session.repo::<Ticket>();
    let _ = tickets.find(id).await;
    let _ = tickets.get(id).await;
    let _ = tickets.exists(id).await;
    let _ = tickets.get_many([id, NOBODY]).await;
    let _ = tickets.count().await;
    let _ = tickets.all().await;
    let _ = tickets.first().await;
    let _ = tickets.find_by_code("hunter2").await;
    let _ = tickets.find_by_queue_and_number("hunter2", 1).await;
    let _ = tickets.list_by_owner("hunter2").await;
    let any = || Ticket::TITLE.contains("hunter2") | Ticket::OWNER.in_list(["hunter2"]);
    let query = || tickets.filter(any() | !any()).order_by(Ticket::OWNER.desc());
    let _ = query().with_deleted().all().await;
    let _ = query().only_deleted().count().await;
    let _ = query().exists().await;
    let _ = query().page(PageRequest::number(1)).await;
    let window = query().window(WindowRequest::first(1)).await;
    if let Some(cursor) = window.ok().and_then(|window| window.end) {
        let _ = query().window(WindowRequest::first(1).after(cursor)).await;
    }
    let patch = || TicketPatch::new().title("hunter2").owner(None);
    let _ = tickets.patch(id, patch()).await;
    let _ = tickets.patch(id, patch()).if_version(1).await;
    let _ = tickets.patch(id, TicketPatch::new()).await;
    let _ = query().patch_all(patch()).await;
    let _ = tickets.patch_many([(id, patch())]).await;
    let _ = tickets.upsert(Ticket::CODE, ticket("hunter2")).await;
    let again = NewTicket { title: "hunter2".to_owned(), ..ticket("hunter2") };
    let _ = tickets.upsert_many(Ticket::CODE, [again]).await;
    let columns = Ticket::TITLE.ieq("hunter2") | Ticket::TITLE.lt_column(Ticket::CODE);
    let _ = tickets.filter(columns).delete_all().await;
    let _ = tickets.delete_many([id]).await;
    if let Ok(row) = tickets.create(ticket("hunter2")).await {
        let _ = tickets.update(&row).await;
        let _ = tickets.update(&row).await;
        let _ = tickets.delete(row.id).if_version(7).await;
        let _ = tickets.delete(row.id).await;
        let _ = tickets.restore(row.id).await;
        let _ = tickets.purge(row.id).await;
        let _ = tickets.delete(row.id).await;
        let _ = tickets.restore(row.id).if_version(7).await;
        let _ = tickets.purge(row.id).await;
    }
}

pub(crate) async fn every_statement_carries_the_tenant_outermost(fixture: Fixture) {
    let (db, recorder) = recorded(&fixture).await;
    let theirs = bolt(&db).repo::<Ticket>().create(ticket("B-1")).await.unwrap();
    recorder.clear();
    everything(&acme(&db), theirs.id).await;
    let statements = recorder.sql();
    assert!(statements.len() > 30, "{}", statements.len());
    for sql in statements.iter().filter(|sql| !sql.starts_with("INSERT INTO \"tickets\"")) {
        // A page names the table twice.
        let tables =
            sql.matches("FROM \"tickets\"").count() + sql.matches("UPDATE \"tickets\"").count();
        let tenants = sql.matches("WHERE \"tenant_id\" = ").count();
        assert!(tables > 0 && tables == tenants, "{sql}");
    }
    let all = db.all_tenants("a case").repo::<Ticket>().all().await.unwrap();
    assert_eq!(all, [theirs], "and nobody else's row was touched");
}

pub(crate) async fn no_statement_holds_a_value(fixture: Fixture) {
    let (db, recorder) = recorded(&fixture).await;
    let created = acme(&db).repo::<Ticket>().create(ticket("A-1")).await.unwrap();
    everything(&acme(&db), created.id).await;
    for sql in recorder.sql() {
        assert!(!sql.contains("hunter2") && !sql.contains(&created.id.to_string()), "{sql}");
    }
}

pub(crate) async fn an_operation_is_one_statement(fixture: Fixture) {
    let (db, recorder) = recorded(&fixture).await;
    let tickets = acme(&db).repo::<Ticket>();
    let row = tickets.create(ticket("A-1")).await.unwrap();
    let is_one = |what: &str| {
        let noted = recorder.events();
        assert!(
            matches!(noted[..], [Noted::Statement { .. } | Noted::Insert { .. }]),
            "{what}: {noted:?}"
        );
        recorder.clear();
    };
    is_one("create");
    tickets.get(row.id).await.unwrap();
    is_one("get");
    tickets.get_many([row.id, NOBODY]).await.unwrap();
    is_one("get_many");
    tickets.exists(row.id).await.unwrap();
    is_one("exists");
    tickets.query().page(PageRequest::number(1)).await.unwrap();
    is_one("page");
    tickets.query().window(WindowRequest::first(9)).await.unwrap();
    is_one("window");
    tickets.count().await.unwrap();
    is_one("count");
    let row = tickets.update(&Ticket { weight: 7, ..row }).await.unwrap();
    is_one("update");
    tickets.patch(row.id, TicketPatch::new().title("b")).if_version(2).await.unwrap();
    is_one("patch");
    tickets.delete(row.id).await.unwrap();
    is_one("delete");
    tickets.restore(row.id).await.unwrap();
    is_one("restore");
    tickets.create_many((0..100).map(|n| ticket(&n.to_string()))).await.unwrap();
    is_one("create_many");
}

pub(crate) async fn a_transaction_adds_begin_and_commit_and_nothing_else(fixture: Fixture) {
    let (db, recorder) = recorded(&fixture).await;
    recorder.clear();
    let outcome: Result<(), repo_core::Error> = db
        .session()
        .transaction(async |tx| tx.repo::<Item>().create(item("a")).await.map(drop))
        .await;
    outcome.unwrap();
    let noted = recorder.events();
    assert!(
        matches!(noted[..], [Noted::Begin, Noted::Statement { .. }, Noted::Commit]),
        "{noted:?}"
    );
}

pub(crate) async fn what_is_refused_reaches_nothing(fixture: Fixture) {
    let (db, recorder) = recorded(&fixture).await;
    let row = acme(&db).repo::<Ticket>().create(ticket("A-1")).await.unwrap();
    recorder.clear();
    let tickets = acme(&db).repo::<Ticket>();
    assert!(tickets.create(ticket("a\0")).await.is_err());
    assert!(tickets.patch(row.id, TicketPatch::new().title("a\0")).await.is_err());
    assert!(tickets.filter(Ticket::CODE.eq("a\0")).all().await.is_err());
    assert!(tickets.query().page(PageRequest::number(0)).await.is_err());
    assert!(tickets.query().window(WindowRequest::first(0)).await.is_err());
    assert!(tickets.query().for_update().all().await.is_err());
    assert!(bolt(&db).repo::<Ticket>().update(&row).await.is_err());
    assert_eq!(recorder.events(), []);
}
