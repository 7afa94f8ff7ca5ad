//! What a unit test is told of rows that are added to no database.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::sync::Arc;

use repo_core::testing::Canned;
use repo_core::{Database, Error, NoTenant, Outcome, Repository, Session, Value};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "labels")]
struct Label {
    id: Uuid,
    #[repository(unique)]
    name: String,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "numbers")]
struct Number {
    #[repository(unique)]
    name: String,
    id: i64,
}

fn session(canned: Canned) -> Session<NoTenant> {
    Database::new(Arc::new(canned)).session()
}

fn label(name: &str) -> NewLabel {
    NewLabel { name: name.to_owned() }
}

#[tokio::test]
async fn a_row_that_is_added_unless_it_is_there_is_new() {
    let labels = session(Canned::new()).repo::<Label>();
    let made = labels.create_or_get(Label::NAME, label("a")).await.unwrap();
    assert!(made.is_new());
    assert_eq!(made.entity.name, "a");
    let upserted = labels.upsert(Label::NAME, label("a")).await.unwrap();
    assert_eq!((upserted.outcome, upserted.entity.name.as_str()), (Outcome::Created, "a"));
}

#[tokio::test]
async fn so_it_is_with_an_id_that_the_database_makes() {
    let numbers = session(Canned::new()).repo::<Number>();
    let new = || NewNumber { name: "a".to_owned() };
    assert_eq!(numbers.create(new()).await.unwrap(), Number { name: "a".to_owned(), id: 1 });
    let made = numbers.create_or_get(Number::NAME, new()).await.unwrap();
    assert_eq!((made.is_new(), made.entity.id), (true, 1));
}

#[tokio::test]
async fn a_row_that_is_told_to_be_there_is_found() {
    let id = Uuid::from_u128(7);
    let there = || vec![vec![Value::Uuid(id), Value::Text("a".into())]];
    let found = session(Canned::new().then_rows(there()));
    let found = found.repo::<Label>().create_or_get(Label::NAME, label("a")).await.unwrap();
    assert_eq!((found.is_new(), found.entity.id), (false, id));
    let other = vec![vec![Value::Uuid(id), Value::Text("b".into())]];
    let other = session(Canned::new().then_rows(other));
    let other = other.repo::<Label>().create_or_get(Label::NAME, label("a")).await;
    assert!(matches!(other, Err(Error::IdempotencyMismatch { .. })), "{other:?}");
}

#[tokio::test]
async fn entities_are_told_as_they_are_stored() {
    let label = |name: &str| Label { id: Uuid::from_u128(7), name: name.to_owned() };
    let (a, b) = (label("a"), label("b"));
    let canned = Canned::new().then_entities([&a]).then_entities(&[b.clone(), a.clone()]);
    let labels = session(canned.then_entities::<Label>([])).repo::<Label>();
    assert_eq!(labels.get(a.id).await.unwrap(), a);
    assert_eq!(labels.all().await.unwrap(), [b, a]);
    assert_eq!(labels.first().await.unwrap(), None);
}

#[tokio::test]
async fn an_entity_that_is_no_row_is_an_error_of_the_statement() {
    let label = Label { id: Uuid::from_u128(7), name: "a\0b".to_owned() };
    let labels = session(Canned::new().then_entities([&label])).repo::<Label>();
    let refused = labels.all().await;
    assert!(matches!(refused, Err(Error::InvalidInput { .. })), "{refused:?}");
}
