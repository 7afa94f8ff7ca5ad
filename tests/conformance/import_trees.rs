//! Files whose rows refer to each other, what a session adds to rows that do not tell, and files without an end.

use std::time::Duration;

use repo_core::{Error, Session, Tenant, schema};
use tokio::io::{AsyncWriteExt as _, BufReader, duplex};
use uuid::Uuid;

use crate::entities::*;
use crate::fixture::{Fixture, acme};

const ABOVE: Uuid = Uuid::from_u128(0xa);
const BELOW: Uuid = Uuid::from_u128(0xb);
const GONE: &str = "2026-01-01T00:00:00Z";

/// A file of tasks of the project: of each its id, the one above it, and when it was deleted.
fn file(project: Uuid, rows: &[(Uuid, Option<Uuid>, &str)]) -> String {
    let mut file = "id,code,project_id,parent_id,owner_id,deleted_at\n".to_owned();
    for (id, above, deleted_at) in rows {
        let above = above.map(|id| id.to_string()).unwrap_or_default();
        file.push_str(&format!("{id},{id},{project},{above},,{deleted_at}\n"));
    }
    file
}

async fn project(session: &Session<Tenant<Uuid>>) -> Uuid {
    let new = NewProject { name: "a".to_owned() };
    session.repo::<Project>().create(new).await.unwrap().id
}

pub(crate) async fn no_live_row_is_imported_under_a_deleted_one_of_its_file(fixture: Fixture) {
    let db = fixture.with(&schema![Person, Project, Task]).await;
    let session = acme(&db).actor("alice");
    let (project, tasks) = (project(&session).await, session.repo::<Task>());
    let mixed = file(project, &[(ABOVE, None, GONE), (BELOW, Some(ABOVE), "")]);
    let error = tasks.import_csv(mixed.as_bytes()).await.unwrap_err();
    assert!(matches!(error.cause(), Error::ParentDeleted { .. }), "{error:?}");
    assert_eq!(error.line(), Some(3));
    assert_eq!(tasks.query().with_deleted().count().await.unwrap(), 0);
    let both = file(project, &[(ABOVE, None, GONE), (BELOW, Some(ABOVE), GONE)]);
    assert_eq!(tasks.import_csv(both.as_bytes()).await.unwrap(), 2);
}

pub(crate) async fn rows_of_a_file_stand_below_what_they_refer_to(fixture: Fixture) {
    let db = fixture.with(&schema![Person, Project, Task]).await;
    let session = acme(&db).actor("alice");
    let (project, tasks) = (project(&session).await, session.repo::<Task>());
    let turned = file(project, &[(BELOW, Some(ABOVE), ""), (ABOVE, None, "")]);
    let error = tasks.import_csv(turned.as_bytes()).await.unwrap_err();
    assert!(matches!(error.cause(), Error::ForeignKey { .. }), "{error:?}");
    assert_eq!(error.line(), Some(2));
    assert_eq!(tasks.query().count().await.unwrap(), 0);
    let right = file(project, &[(ABOVE, Some(ABOVE), ""), (BELOW, Some(ABOVE), "")]);
    assert_eq!(tasks.import_csv(right.as_bytes()).await.unwrap(), 2);
}

pub(crate) async fn rows_of_somebody_else_have_the_correlation_of_the_session(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket, Event]).await;
    let tickets = acme(&db).correlation("req-7").repo::<Ticket>();
    let csv = "code,title,status,weight,owner,queue,number,reporter\na,b,new,1,,inbox,,\n";
    tickets.import_csv(csv.as_bytes()).fresh_ids().await.unwrap();
    let ticket = tickets.query().one().await.unwrap();
    assert_eq!(ticket.correlation_id.as_deref(), Some("req-7"), "as a new row");
    let json = "{\"key\":\"a\",\"payload\":{\"words\":[],\"amount\":null}}\n";
    let plain = db.tenant(Org(1));
    let error = plain.repo::<Event>().import_json_lines(json.as_bytes()).fresh_ids().await;
    assert!(error.unwrap_err().is_invalid_input(), "a new row has one, and the session has none");
    let request = Uuid::from_u128(7);
    let events = db.tenant(Org(1)).correlation(request).repo::<Event>();
    events.import_json_lines(json.as_bytes()).fresh_ids().await.unwrap();
    assert_eq!(events.query().one().await.unwrap().request, request);
    let other = db.tenant(Org(1)).correlation("no UUID").repo::<Event>();
    let error = other.import_json_lines(json.as_bytes()).fresh_ids().await.unwrap_err();
    assert!(error.is_invalid_input(), "{error:?}");
}

pub(crate) async fn an_import_that_is_given_up_leaves_nothing(fixture: Fixture) {
    let db = fixture.pool_of_one(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    let (mut sender, receiver) = duplex(1 << 20);
    sender.write_all(b"name,size,shelf\n").await.unwrap();
    for n in 0..1_500 {
        sender.write_all(format!("{n},,\n").as_bytes()).await.unwrap();
    }
    let import = items.import_csv(BufReader::new(receiver)).fresh_ids();
    let waited = tokio::time::timeout(Duration::from_millis(1_500), import.into_future()).await;
    assert!(waited.is_err(), "the file has no end yet");
    drop(sender);
    assert_eq!(items.count().await.unwrap(), 0);
    let new = NewItem { name: "0".to_owned(), size: None, shelf: None };
    items.create(new).await.unwrap();
}
