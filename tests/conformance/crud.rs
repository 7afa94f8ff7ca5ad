//! Rows written, read, changed and removed one by one.

use repo_core::schema;

use crate::entities::*;
use crate::fixture::{Fixture, acme};

pub(crate) async fn a_created_row_is_found(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let created = tickets.create(ticket("A-1")).await.unwrap();
    assert_eq!(tickets.find(created.id).await.unwrap(), Some(created));
}
