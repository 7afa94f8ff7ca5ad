//! What a program is told once changes are committed.

use std::fmt::Debug;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{TimeDelta, Utc};
use futures_util::FutureExt as _;
use repo_core::{Action, Actor, Database, Entity, Event, Result};

use crate::entities::*;
use crate::fixture::{ACME, BOLT, Fixture, by_hand};
use crate::hooked::{
    Acting, COUPONS, Ear, Heard, INVOICES, Stage, Way, acting, coupon, everything, invoice,
    staged_coupons, staged_invoices,
};

/// Where a way is gone.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Alone,
    Committed,
    Kept,
    RolledBack,
    Undone,
}

pub(crate) async fn every_path_tells_what_it_committed(fixture: Fixture) {
    let (db, session) = acting(&fixture).await;
    let ear = Ear::of(&db);
    for place in [Place::RolledBack, Place::Undone, Place::Alone, Place::Committed, Place::Kept] {
        for way in INVOICES {
            let stage = staged_invoices(&session).await;
            ear.taken();
            go(&session, place, way, &stage).await.expect(way.name);
            assert_told(&ear.taken(), place, way);
            clear(&db).await;
        }
        for way in COUPONS {
            let stage = staged_coupons(&session).await;
            ear.taken();
            go(&session, place, way, &stage).await.expect(way.name);
            assert_told(&ear.taken(), place, way);
            clear(&db).await;
        }
    }
}

async fn go<E: Entity>(
    session: &Acting,
    place: Place,
    way: &Way<E>,
    stage: &Stage<E>,
) -> Result<()> {
    if place == Place::Alone {
        return (way.run)(session, stage).await;
    }
    let tx = session.begin().await?;
    match place {
        Place::Kept | Place::Undone => {
            let inner = tx.begin().await?;
            (way.run)(&inner, stage).await?;
            let ended =
                if place == Place::Kept { inner.commit().await } else { inner.rollback().await };
            ended?;
        }
        _ => (way.run)(&tx, stage).await?,
    }
    if place == Place::RolledBack { tx.rollback().await } else { tx.commit().await }
}

fn assert_told<E>(heard: &[Heard], place: Place, way: &Way<E>) {
    let what = format!("{} ({place:?})", way.name);
    let told: Vec<_> = heard.iter().map(|heard| (heard.entity, heard.action)).collect();
    if matches!(place, Place::RolledBack | Place::Undone) {
        assert_eq!(told, [], "{what}");
        return;
    }
    assert_eq!(told, way.told, "{what}");
    for heard in heard {
        assert_eq!(heard.tenant.as_deref(), Some(&*ACME.to_string()), "{what}");
        assert_eq!(heard.correlation.as_deref(), Some("request-1"), "{what}");
        let is_marked = ["Invoice", "Caveat"].contains(&heard.entity);
        let (was, is) = (heard.before.is_some(), heard.after.is_some());
        let expected = match heard.action {
            Action::Create => (false, true),
            Action::Delete => (true, is_marked),
            Action::Purge => (true, false),
            _ => (true, true),
        };
        assert_eq!((was, is), expected, "{what}: {heard:?}");
        assert_ne!(heard.before, heard.after, "{what}");
    }
}

/// Removes all rows, whatever they are.
/// The next way finds its own rows.
async fn clear(db: &Database) {
    let mut connection = by_hand(db).await;
    for table in ["caveats", "charges", "invoices", "receipts", "usages", "coupons"] {
        connection.execute_script(&format!("DELETE FROM {table}")).await.unwrap();
    }
    connection.commit().await.unwrap();
}

pub(crate) async fn what_is_told_is_what_is_recorded(fixture: Fixture) {
    let (db, session) = acting(&fixture).await;
    let heard: Arc<Mutex<Vec<Event<Invoice>>>> = Arc::default();
    let ear = Arc::clone(&heard);
    db.on_commit(move |event: Event<Invoice>| {
        ear.lock().unwrap().push(event);
        async {}
    });
    for way in INVOICES {
        let stage = staged_invoices(&session).await;
        heard.lock().unwrap().clear();
        let before = session.audit().recent(1).all().await.unwrap().len();
        (way.run)(&session, &stage).await.expect(way.name);
        let told = std::mem::take(&mut *heard.lock().unwrap());
        let entries = session.audit().recent(1).all().await.unwrap();
        let entries = entries[before..].iter().filter(|entry| entry.entity == "invoices");
        let entries: Vec<_> = entries.map(|it| (it.action, it.entity_id.clone())).collect();
        let changes: Vec<_> = told.iter().map(|it| (it.action, it.id.to_string())).collect();
        assert_eq!(entries, changes, "{}", way.name);
        for event in told {
            let versions =
                event.before.map(|row| row.version).zip(event.after.map(|it| it.version));
            assert!(versions.is_none_or(|(was, is)| is == was + 1), "{}", way.name);
        }
        clear(&db).await;
    }
}

pub(crate) async fn no_path_tells_of_a_row_of_another_tenant(fixture: Fixture) {
    let (db, session) = acting(&fixture).await;
    let (invoices, coupons) = (staged_invoices(&session).await, staged_coupons(&session).await);
    let (before, ear) = (everything(&db).await, Ear::of(&db));
    let theirs = db.tenant(BOLT).actor("bob");
    for way in INVOICES {
        // What it meets is not theirs; what it adds is.
        let _ = (way.run)(&theirs, &invoices).await;
    }
    for way in COUPONS {
        let _ = (way.run)(&theirs, &coupons).await;
    }
    assert_eq!(everything(&db).await, before);
    let told = ear.taken();
    assert!(told.iter().all(|it| it.tenant.as_deref() == Some(&*BOLT.to_string())), "{told:?}");
    assert!(told.iter().any(|it| it.action == Action::Create));
}

pub(crate) async fn an_event_has_the_row_as_it_was_and_as_it_is(fixture: Fixture) {
    let (db, session) = acting(&fixture).await;
    let heard: Arc<Mutex<Vec<Event<Invoice>>>> = Arc::default();
    let ear = Arc::clone(&heard);
    db.on_commit(move |event: Event<Invoice>| {
        ear.lock().unwrap().push(event);
        async {}
    });
    let rows = session.repo::<Invoice>();
    let created = rows.create(invoice("1", "open")).await.unwrap();
    let patched = rows.patch(created.id, InvoicePatch::new().cents(7)).await.unwrap();
    rows.delete(created.id).await.unwrap();
    let restored = rows.restore(created.id).await.unwrap();
    let heard = std::mem::take(&mut *heard.lock().unwrap());
    let [create, update, delete, restore] = heard.try_into().unwrap();
    assert_eq!((&create.before, &create.after), (&None, &Some(created.clone())));
    assert_eq!((&update.before, &update.after), (&Some(created), &Some(patched.clone())));
    assert_eq!(delete.before, Some(patched));
    let deleted = delete.after.clone().unwrap();
    assert!(deleted.deleted_at.is_some() && deleted.version == 3, "{deleted:?}");
    assert_eq!((&restore.before, &restore.after), (&delete.after, &Some(restored.clone())));
    assert_eq!(restore.row(), &restored);
    assert!([&create, &update, &delete, &restore].iter().all(|event| event.id == restored.id));
    // A row may hold what nobody is to read in a log.
    let shown = format!("{update:?}");
    assert_eq!(shown, "Event { entity: \"Invoice\", action: Update, .. }");
}

pub(crate) async fn events_come_in_the_order_of_the_changes_after_the_commit(fixture: Fixture) {
    let (db, session) = acting(&fixture).await;
    let ear = Ear::of(&db);
    let tx = session.begin().await.unwrap();
    let coupon = tx.repo::<Coupon>().create(coupon("1", "open")).await.unwrap();
    let hook = ear.clone();
    tx.after_commit(async move { assert_eq!(hook.taken().len(), 1, "between its neighbours") })
        .await
        .unwrap();
    tx.repo::<Invoice>().create(invoice("1", "open")).await.unwrap();
    tx.repo::<Coupon>().delete(coupon.id).await.unwrap();
    assert_eq!(ear.taken(), [], "not before the commit");
    tx.commit().await.unwrap();
    let told: Vec<_> = ear.taken().iter().map(|heard| (heard.entity, heard.action)).collect();
    assert_eq!(told, [("Invoice", Action::Create), ("Coupon", Action::Delete)]);
}

pub(crate) async fn a_listener_can_use_the_database(fixture: Fixture) {
    let db = fixture.pool_of_one(&invoices()).await;
    let seen = Arc::new(AtomicU64::new(0));
    let (reader, count) = (db.clone(), Arc::clone(&seen));
    db.on_commit(move |event: Event<Coupon>| {
        let (session, count) = (reader.tenant(event.row().tenant_id), Arc::clone(&count));
        async move {
            let found = session.repo::<Coupon>().count().await.unwrap();
            count.store(found, Ordering::SeqCst);
        }
    });
    let session = db.tenant(ACME);
    session.repo::<Coupon>().create(coupon("1", "open")).await.unwrap();
    assert_eq!(seen.load(Ordering::SeqCst), 1, "outside a transaction too");
    session
        .transaction(async |tx| {
            tx.repo::<Coupon>().create_many([coupon("2", "open"), coupon("3", "open")]).await
        })
        .await
        .unwrap();
    assert_eq!(seen.load(Ordering::SeqCst), 3);
}

pub(crate) async fn a_listener_that_panics_undoes_and_hides_nothing(fixture: Fixture) {
    let (db, session) = acting(&fixture).await;
    db.on_commit(|_: Event<Coupon>| -> std::future::Ready<()> { panic!("in the listener") });
    db.on_commit(|_: Event<Coupon>| async { panic!("in its future") });
    let ear = Ear::of(&db);
    let after = Arc::new(AtomicU64::new(0));
    let tx = session.begin().await.unwrap();
    tx.repo::<Coupon>().create(coupon("1", "open")).await.unwrap();
    let count = Arc::clone(&after);
    tx.after_commit(async move { count.store(1, Ordering::SeqCst) }).await.unwrap();
    tx.repo::<Coupon>().create(coupon("2", "open")).await.unwrap();
    tx.commit().await.expect("it was committed");
    assert_eq!(ear.taken().len(), 2, "the others are told");
    assert_eq!(after.load(Ordering::SeqCst), 1, "and the hooks run");
    session.repo::<Coupon>().create(coupon("3", "open")).await.unwrap();
    assert_eq!(session.repo::<Coupon>().count().await.unwrap(), 3);
}

pub(crate) async fn a_hook_that_panics_keeps_nobody_from_being_told(fixture: Fixture) {
    let (db, session) = acting(&fixture).await;
    let ear = Ear::of(&db);
    let tx = session.begin().await.unwrap();
    tx.after_commit(async { panic!("in the hook") }).await.unwrap();
    tx.repo::<Coupon>().create(coupon("1", "open")).await.unwrap();
    let committed = AssertUnwindSafe(tx.commit()).catch_unwind().await;
    let panic = committed.expect_err("the panic goes on");
    assert_eq!(panic.downcast_ref(), Some(&"in the hook"));
    assert_eq!(ear.taken().len(), 1);
    assert_eq!(session.repo::<Coupon>().count().await.unwrap(), 1);
}

pub(crate) async fn an_event_tells_whose_row_it_is(fixture: Fixture) {
    let (db, _) = acting(&fixture).await;
    let ear = Ear::of(&db);
    for tenant in [ACME, BOLT] {
        db.tenant(tenant).repo::<Coupon>().create(coupon("1", "open")).await.unwrap();
    }
    db.session().repo::<Sent>().create(NewSent { text: "a".to_owned() }).await.unwrap();
    let tenants: Vec<_> = ear.taken().into_iter().map(|heard| heard.tenant).collect();
    assert_eq!(tenants, [Some(ACME.to_string()), Some(BOLT.to_string()), None]);
}

pub(crate) async fn a_removal_over_all_tenants_is_told_of_each(fixture: Fixture) {
    let (db, _) = acting(&fixture).await;
    for tenant in [ACME, BOLT] {
        staged_invoices(&db.tenant(tenant).actor("alice")).await;
    }
    let ear = Ear::of(&db);
    let everywhere = db.all_tenants("retention").actor(Actor::System("job"));
    let soon = Utc::now() + TimeDelta::hours(1);
    everywhere.repo::<Invoice>().purge_deleted_before(soon).await.unwrap();
    let mut told: Vec<_> = ear.taken().into_iter().map(|it| (it.tenant, it.entity)).collect();
    told.sort();
    let both = [ACME, BOLT].map(|tenant| Some(tenant.to_string()));
    let each = both.into_iter().flat_map(|it| [(it.clone(), "Caveat"), (it, "Invoice")]);
    assert_eq!(told, each.collect::<Vec<_>>());
}

pub(crate) async fn many_rows_are_told_one_by_one(fixture: Fixture) {
    let (db, session) = acting(&fixture).await;
    let ear = Ear::of(&db);
    let rows = session.repo::<Invoice>();
    let new = (0..2_500).map(|number| invoice(&format!("{number:04}"), "open"));
    let made = rows.create_many(new).await.unwrap();
    let told: Vec<_> = ear.taken().into_iter().map(|heard| heard.id).collect();
    assert_eq!(told, made.iter().map(|row| format!("{:?}", row.id)).collect::<Vec<_>>());
    rows.query().patch_all(InvoicePatch::new().state("sent")).await.unwrap();
    let told = ear.taken();
    assert_eq!(told.len(), 2_500);
    assert!(told.iter().all(|heard| heard.action == Action::Update));
    rows.query().delete_all().await.unwrap();
    let told = ear.taken();
    assert_eq!(told.len(), 2_500);
    assert!(told.iter().all(|heard| heard.action == Action::Delete));
}

pub(crate) async fn clones_of_a_database_tell_the_same_listeners(fixture: Fixture) {
    let (db, _) = acting(&fixture).await;
    let clone: Database = db.clone().with_cursor_key("key");
    let ear = Ear::of(&clone);
    db.tenant(ACME).repo::<Coupon>().create(coupon("1", "open")).await.unwrap();
    clone.tenant(ACME).repo::<Coupon>().create(coupon("2", "open")).await.unwrap();
    assert_eq!(ear.taken().len(), 2);
}
