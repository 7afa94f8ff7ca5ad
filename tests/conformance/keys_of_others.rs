//! Unique indexes that the application made: under names of its own, over the columns in an order of its own, and
//! over others than the entity declares.

use chrono::{DateTime, Utc};
use repo_core::{Database, Error, Repository, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::fixture::{Fixture, acme, backend, by_hand};

type Key = (String, Vec<String>);

/// The constraint and the columns of a conflict.
fn conflict<T: std::fmt::Debug>(result: Result<T, Error>) -> Key {
    match result.map_err(Error::into_cause) {
        Err(Error::Conflict { constraint, columns, .. }) => (constraint, columns),
        other => panic!("no conflict: {other:?}"),
    }
}

fn key(constraint: &str, columns: &[&str]) -> Key {
    (constraint.to_owned(), columns.iter().map(ToString::to_string).collect())
}

async fn execute(db: &Database, script: &str) {
    let mut raw = by_hand(db).await;
    raw.execute_script(script).await.unwrap();
    raw.commit().await.unwrap();
}

/// Whether the server tells the columns of a key: it does not of a table with row-level security.
fn tells_columns(db: &Database) -> bool {
    !backend(db).has_row_level_security()
}

pub(crate) async fn a_declared_key_is_told_alike_whatever_it_is_called(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let index =
        r#"DROP INDEX items_name_key; CREATE UNIQUE INDEX "Its ""Own"", (Name)" ON items (name)"#;
    execute(&db, index).await;
    assert_eq!(db.doctor(&schema![Item]).await.unwrap().len(), 0);
    let items = db.session().repo::<Item>();
    let made = items.create(item("a")).await.unwrap();
    let other = items.create(item("b")).await.unwrap();
    let expected = key("items_name_key", &["name"]);
    assert_eq!(conflict(items.create(item("a")).await), expected);
    assert_eq!(conflict(items.patch(other.id, ItemPatch::new().name("a")).await), expected);
    assert_eq!(conflict(items.create_many([item("c"), item("a")]).await), expected);
    let many = (0..1200).map(|n| item(&n.to_string())).chain([item("a")]);
    assert_eq!(conflict(items.create_many(many).await), expected);
    let mut partly = items.create_many_partial([item("d"), item("a")]).await.unwrap();
    assert_eq!(conflict(partly.remove(1)), expected);
    assert_eq!(
        conflict(items.import_csv("name,size,shelf\na,,\n".as_bytes()).fresh_ids().await),
        expected
    );
    let again = items.create_or_get(Item::NAME, item("a")).await.unwrap();
    assert!(!again.is_new() && again.entity == made);
    let tx = db.session().begin().await.unwrap();
    assert_eq!(conflict(tx.repo::<Item>().create(item("a")).await), expected);
    tx.rollback().await.unwrap();
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "folk", tenant)]
struct Folk {
    id: Uuid,
    tenant_id: Uuid,
    email: String,
}

pub(crate) async fn a_column_that_the_entity_does_not_name_is_told_by_its_plain_name(
    fixture: Fixture,
) {
    let (id, text, options) = match fixture.db.system() {
        "sqlite" => ("BLOB", "TEXT", "STRICT"),
        _ => ("uuid", "text COLLATE \"C\"", ""),
    };
    let table = format!(
        "CREATE TABLE folk (id {id} NOT NULL, tenant_id {id} NOT NULL, email {text} NOT NULL, \
         folded {text} GENERATED ALWAYS AS (lower(email)) STORED, PRIMARY KEY (tenant_id, id), \
         CONSTRAINT own UNIQUE (tenant_id, folded)) {options}"
    );
    execute(&fixture.db, &table).await;
    let db = fixture.with(&schema![Folk]).await;
    let folk = acme(&db).repo::<Folk>();
    folk.create(NewFolk { email: "X".to_owned() }).await.unwrap();
    let (_, columns) = conflict(folk.create(NewFolk { email: "x".to_owned() }).await);
    let told: &[&str] = if tells_columns(&db) { &["folded"] } else { &[] };
    assert_eq!(columns, told);
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "addresses", soft_delete)]
struct Address {
    id: Uuid,
    #[repository(unique)]
    email: String,
    deleted_at: Option<DateTime<Utc>>,
}

pub(crate) async fn a_key_that_counts_deleted_rows_too_is_a_conflict_and_not_tried_for_ever(
    fixture: Fixture,
) {
    let db = fixture.with(&schema![Address]).await;
    execute(&db, "CREATE UNIQUE INDEX ever ON addresses (email)").await;
    let addresses = db.session().repo::<Address>();
    let new = || NewAddress { email: "x".to_owned() };
    let deleted = addresses.create(new()).await.unwrap();
    addresses.delete(deleted.id).await.unwrap();
    for refused in [
        addresses.create(new()).await.map(drop),
        addresses.create_or_get(Address::EMAIL, new()).await.map(drop),
        addresses.upsert(Address::EMAIL, new()).await.map(drop),
    ] {
        assert_eq!(conflict(refused).1, ["email"]);
    }
}

pub(crate) async fn so_it_is_in_another_order_and_without_the_tenant(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    execute(
        &db,
        "DROP INDEX tickets_tenant_id_queue_number_key; \
         CREATE UNIQUE INDEX own ON tickets (number, tenant_id, queue) WHERE deleted_at IS NULL",
    )
    .await;
    assert_eq!(db.doctor(&schema![Ticket]).await.unwrap().len(), 0);
    let tickets = acme(&db).repo::<Ticket>();
    let first = tickets.create(ticket("A-1").queue("q").number(1)).await.unwrap();
    let second = tickets.create(ticket("A-2").queue("q").number(1)).await;
    let message = second.as_ref().unwrap_err().to_string();
    let (expected, told) = match tells_columns(&db) {
        true => (key("tickets_tenant_id_queue_number_key", &["queue", "number"]), "queue, number"),
        false => (key("own", &[]), "unique key, `own`"),
    };
    assert_eq!(conflict(second), expected);
    assert_eq!(message, format!("another `Ticket` has the same {told}"));
    tickets.delete(first.id).await.unwrap();
    tickets.create(ticket("A-2").queue("q").number(1)).await.unwrap();
    match tickets.restore(first.id).await {
        Err(Error::RestoreConflict { columns, .. }) => assert_eq!(columns, expected.1),
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn a_key_that_is_not_declared_is_told_as_the_database_knows_it(fixture: Fixture) {
    let db = fixture.with(&schema![Item, Ticket]).await;
    execute(
        &db,
        "CREATE UNIQUE INDEX own_shelf ON items (shelf, size); \
         CREATE UNIQUE INDEX own_lower ON items (lower(name)); \
         CREATE UNIQUE INDEX own_title ON tickets (tenant_id, title)",
    )
    .await;
    let (items, tickets) = (db.session().repo::<Item>(), acme(&db).repo::<Ticket>());
    let shelved =
        |name: &str| NewItem { size: Some(1), shelf: Some("secret)=(".to_owned()), ..item(name) };
    items.create(shelved("a")).await.unwrap();
    let titled = |code: &str| NewTicket { title: "t".to_owned(), ..ticket(code) };
    tickets.create(titled("A-1")).await.unwrap();
    // SQLite tells the columns, or the name of an index over an expression.
    let is_postgres = db.system() == "postgres";
    let named = |name: &'static str| if is_postgres { name } else { "" };
    let of_shelf = conflict(items.create(shelved("b")).await);
    assert_eq!(of_shelf, key(named("own_shelf"), &["shelf", "size"]));
    assert_eq!(conflict(items.create(item("A")).await), key("own_lower", &[]));
    let columns: &[_] = if tells_columns(&db) { &["title"] } else { &[] };
    assert_eq!(conflict(tickets.create(titled("A-2")).await), key(named("own_title"), columns));
}

pub(crate) async fn the_capitals_of_sqlite_make_no_difference(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    if db.system() != "postgres" {
        let script = "ALTER TABLE items RENAME TO other; ALTER TABLE other RENAME TO ITEMS; \
                      ALTER TABLE ITEMS RENAME COLUMN name TO NAME";
        execute(&db, script).await;
    }
    let items = db.session().repo::<Item>();
    items.create(item("a")).await.unwrap();
    assert_eq!(conflict(items.create(item("a")).await), key("items_name_key", &["name"]));
}
