//! Unique keys: the same error on every database, about live rows only, within a tenant.

use repo_core::{Error, Outcome, schema};

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, bolt};

/// The constraint and the columns of a conflict.
fn conflict<T: std::fmt::Debug>(result: Result<T, Error>) -> (&'static str, String, Vec<String>) {
    match result.map_err(Error::into_cause) {
        Err(Error::Conflict { entity, constraint, columns }) => (entity, constraint, columns),
        other => panic!("no conflict: {other:?}"),
    }
}

fn key(
    entity: &'static str,
    constraint: &str,
    columns: &[&str],
) -> (&'static str, String, Vec<String>) {
    (entity, constraint.to_owned(), columns.iter().map(ToString::to_string).collect())
}

pub(crate) async fn a_conflict_names_entity_key_and_columns(fixture: Fixture) {
    let db = fixture.with(&schema![Item, Ticket]).await;
    let items = db.session().repo::<Item>();
    items.create(item("a")).await.unwrap();
    let expected = key("Item", "items_name_key", &["name"]);
    assert_eq!(conflict(items.create(item("a")).await), expected);
    let error = items.create(item("a")).await.expect_err("created twice");
    assert!(error.is_conflict());
    assert_eq!(error.to_string(), "another `Item` has the same name");

    let tickets = acme(&db).repo::<Ticket>();
    tickets.create(ticket("A-1").queue("q").number(1)).await.unwrap();
    let expected = key("Ticket", "tickets_tenant_id_code_key", &["code"]);
    assert_eq!(conflict(tickets.create(ticket("A-1")).await), expected);
    let expected = key("Ticket", "tickets_tenant_id_queue_number_key", &["queue", "number"]);
    let second = tickets.create(ticket("A-2").queue("q").number(1)).await;
    assert_eq!(conflict(second), expected);
}

pub(crate) async fn every_write_can_meet_a_conflict_and_changes_nothing(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    let a = items.create(item("a")).await.unwrap();
    let b = items.create(item("b")).await.unwrap();
    let expected = key("Item", "items_name_key", &["name"]);
    let renamed = Item { name: "a".to_owned(), size: Some(1), ..b.clone() };
    assert_eq!(conflict(items.update(&renamed).await), expected);
    assert_eq!(conflict(items.patch(b.id, ItemPatch::new().name("a").size(1)).await), expected);
    assert_eq!(conflict(items.create_many([item("c"), item("a")]).await), expected);
    assert_eq!(conflict(items.create_many([item("c"), item("c")]).await), expected);
    assert_eq!(items.all().await.unwrap(), [a, b]);
}

pub(crate) async fn null_conflicts_with_nothing(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket, Host]).await;
    let tickets = acme(&db).repo::<Ticket>();
    tickets.create(ticket("A-1")).await.unwrap();
    tickets.create(ticket("A-2")).await.unwrap();
    let hosts = db.tenant(realm("x")).repo::<Host>();
    hosts.create(host("10.0.0.1")).await.unwrap();
    hosts.create(host("10.0.0.2")).await.unwrap();
    assert_eq!(hosts.count().await.unwrap(), 2);
}

pub(crate) async fn two_tenants_may_use_the_same_value(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    acme(&db).repo::<Ticket>().create(ticket("A-1").queue("q").number(1)).await.unwrap();
    bolt(&db).repo::<Ticket>().create(ticket("A-1").queue("q").number(1)).await.unwrap();
}

pub(crate) async fn a_global_key_spans_all_tenants(fixture: Fixture) {
    let db = fixture.with(&schema![Host]).await;
    let (x, y) = (db.tenant(realm("x")).repo::<Host>(), db.tenant(realm("y")).repo::<Host>());
    let label = Some("front".to_owned());
    let taken = x.create(NewHost { label: label.clone(), ..host("10.0.0.1") }).await.unwrap();
    y.create(NewHost { label: label.clone(), ..host("10.0.0.2") }).await.unwrap();
    let expected = key("Host", "hosts_address_key", &["address"]);
    assert_eq!(conflict(y.create(host("10.0.0.1")).await), expected);
    let expected = key("Host", "hosts_realm_label_key", &["label"]);
    assert_eq!(conflict(x.create(NewHost { label, ..host("10.0.0.3") }).await), expected);
    assert_eq!(y.find_by_address("10.0.0.1").await.unwrap(), None, "not shown to the other");
    x.delete(taken.key).await.unwrap();
    y.create(host("10.0.0.1")).await.unwrap();
    assert_error!(x.restore(taken.key).await, Error::RestoreConflict { entity: "Host", .. });
}

pub(crate) async fn a_tenant_may_have_one_row_only(fixture: Fixture) {
    let db = fixture.with(&schema![Settings, Charter]).await;
    let (a, b) = (acme(&db).repo::<Settings>(), bolt(&db).repo::<Settings>());
    let first = a.create(settings("en")).await.unwrap();
    b.create(settings("de")).await.unwrap();
    let second = a.create(settings("fr")).await;
    let expected = key("Settings", "settings_tenant_id_key", &["tenant_id"]);
    assert_eq!(conflict(second), expected);
    let error = a.create_many([settings("fr")]).await.expect_err("there is one");
    assert_eq!(error.into_cause().to_string(), "another `Settings` has the same tenant_id");
    a.delete(first.id).await.unwrap();
    a.create(settings("fr")).await.unwrap();
    assert_error!(a.restore(first.id).await, Error::RestoreConflict { entity: "Settings", .. });
    let charters = acme(&db).repo::<Charter>();
    charters.create(charter("a")).await.unwrap();
    assert_eq!(
        conflict(charters.create(charter("b")).await),
        key("Charter", "charters_tenant_id_key", &["tenant_id"])
    );
}

pub(crate) async fn the_tenant_may_be_the_key_by_which_a_row_is_found(fixture: Fixture) {
    let db = fixture.with(&schema![Settings, Charter]).await;
    let (a, b) = (acme(&db).repo::<Settings>(), bolt(&db).repo::<Settings>());
    let key = Settings::TENANT_ID;
    let there = b.create(settings("de")).await.unwrap();
    let made = a.create_or_get(key, settings("en")).await.unwrap();
    assert!(made.is_new());
    let found = a.create_or_get(key, settings("en")).await.unwrap();
    assert_eq!((found.is_new(), &found.entity), (false, &made.entity));
    let mismatch = a.create_or_get(key, settings("fr")).await;
    assert_error!(mismatch, Error::IdempotencyMismatch { entity: "Settings", .. });
    let upserted = a.upsert(key, settings("fr")).await.unwrap();
    assert_eq!((upserted.outcome, upserted.entity.id), (Outcome::Updated, made.entity.id));
    assert_eq!(b.all().await.unwrap(), [there]);
    let charters = acme(&db).repo::<Charter>();
    for is_new in [true, false] {
        let charter = charters.create_or_get(Charter::TENANT_ID, charter("a")).await.unwrap();
        assert_eq!(charter.is_new(), is_new);
    }
}

pub(crate) async fn letters_and_spaces_count(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    for name in ["a", "A", "a ", " a", "á", "a\u{301}", ""] {
        items.create(item(name)).await.unwrap();
    }
    assert_error!(items.create(item("")).await, Error::Conflict { .. });
}

pub(crate) async fn an_id_given_twice_is_a_conflict_with_the_primary_key(fixture: Fixture) {
    let ids = repo_core::testing::SequentialIds::new();
    let db = fixture.with(&schema![Item, Ticket]).await;
    let first = db.clone().with_ids(ids);
    let second = db.with_ids(repo_core::testing::SequentialIds::new());
    first.session().repo::<Item>().create(item("a")).await.unwrap();
    let again = second.session().repo::<Item>().create(item("b")).await;
    assert_eq!(conflict(again), key("Item", "items_pkey", &["id"]));
    acme(&first).repo::<Ticket>().create(ticket("A-1")).await.unwrap();
    let again = acme(&second).repo::<Ticket>().create(ticket("A-2")).await;
    assert_eq!(conflict(again), key("Ticket", "tickets_pkey", &["id"]));
}

pub(crate) async fn of_many_at_once_one_is_created(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move { db.session().repo::<Item>().create(item("a")).await })
        })
        .collect();
    let mut created = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => created += 1,
            Err(error) => assert!(error.is_conflict(), "{error:?}"),
        }
    }
    assert_eq!(created, 1);
    assert_eq!(db.session().repo::<Item>().count().await.unwrap(), 1);
}

pub(crate) async fn no_error_shows_a_value(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    tickets.create(ticket("secret")).await.unwrap();
    let twice = tickets.create(ticket("secret")).await.expect_err("created twice");
    let many = tickets.create_many([ticket("x"), ticket("secret")]).await.expect_err("created");
    let long = "secret".repeat(10);
    let long = tickets.create(ticket(&long)).await.expect_err("longer than declared");
    for error in [twice, many, long] {
        let mut shown = format!("{error} {error:?}");
        let mut source = std::error::Error::source(&error);
        while let Some(error) = source {
            shown += &format!(" {error} {error:?}");
            source = error.source();
        }
        assert!(!shown.contains("secret"), "{shown}");
    }
}
