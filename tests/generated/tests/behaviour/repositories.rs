//! What generated repositories send, and what a new row becomes.

use std::sync::Arc;

use generated_code::every_key::{Incident, IncidentRepository, OrgId, Status};
use generated_code::generic::{Document, NewDocument};
use generated_code::lookalikes::{self, own};
use repo_core::testing::{Canned, Recorder};
use repo_core::{Database, Entity as _, Tenant, Value};
use uuid::Uuid;

use crate::inputs::new_incident;

fn incidents() -> (Recorder, IncidentRepository<Tenant<OrgId>>) {
    let recorder = Recorder::new(Arc::new(Canned::new()));
    let db = Database::new(Arc::new(recorder.clone()));
    let session = db.tenant(OrgId(Uuid::from_u128(7))).correlation("request 1");
    (recorder, session.repo::<Incident>())
}

#[tokio::test]
async fn a_new_row_has_what_was_given_the_defaults_and_what_is_managed() {
    let (_, incidents) = incidents();
    let incident = incidents.create(new_incident()).await.expect("it is created");
    assert_eq!(incident.signature, "timeout");
    assert_eq!(incident.event_count, 1);
    assert_eq!(incident.steps, Some(vec!["reported".to_owned()]));
    assert_eq!(incident.tenant_id, OrgId(Uuid::from_u128(7)));
    assert_eq!(incident.version, 1);
    assert_eq!(incident.created_at, incident.updated_at);
    assert_eq!(incident.deleted_at, None);
    assert_eq!(incident.correlation_id.as_deref(), Some("request 1"));
    assert!(!incident.id.is_nil());
}

#[tokio::test]
async fn a_default_can_be_overridden() {
    let (_, incidents) = incidents();
    let draft = new_incident().event_count(5).steps(None).event_count(6);
    let incident = incidents.create(draft).await.expect("it is created");
    assert_eq!((incident.event_count, incident.steps), (6, None));
    let both = incidents.create_many([new_incident(), new_incident()]).await;
    assert_eq!(both.expect("they are created").len(), 2);
}

#[tokio::test]
async fn a_default_calls_what_the_program_calls_so() {
    let db = Database::new(Arc::new(Canned::new()));
    let new = lookalikes::NewThing { amount: own::Decimal(5), note: own::Option(7) };
    let thing = db.session().repo::<lookalikes::Thing>().create(new).await.expect("it is created");
    assert_eq!((thing.first, thing.second, thing.note), (1, 2, own::Option(7)));
    assert!(!lookalikes::Thing::TABLE.columns[2].nullable);
    assert!(lookalikes::Listing::TABLE.columns[3].nullable);
    let index = lookalikes::Listing::TABLE.indexes[0].columns;
    assert_eq!(
        index.iter().map(|it| (it.column, it.descending)).collect::<Vec<_>>(),
        [(2, true), (1, false)]
    );
    let kinds = db.session().repo::<lookalikes::Kind<bool>>();
    let kind = kinds.create(lookalikes::NewKind { kind: true, other: None }).await;
    assert_eq!(kind.expect("it is created").number, 1);
}

#[tokio::test]
async fn finders_compare_their_columns() {
    let (recorder, incidents) = incidents();
    incidents.find_by_signature("timeout").await.expect("it is asked");
    incidents.find_by_external_id_and_status(7, Status::New).await.expect("it is asked");
    incidents.list_by_status(Status::New).await.expect("it is asked");
    incidents.list_by_team_id(Uuid::nil()).await.expect("it is asked");
    incidents.list_by_follows(Uuid::nil()).await.expect("it is asked");
    let filters: Vec<String> = recorder.sql().iter().map(|sql| compared(sql)).collect();
    assert_eq!(
        filters,
        [
            r#""signature" = $2"#,
            r#""externalId" = $2 AND "status" = $3"#,
            r#""status" = $2"#,
            r#""team_id" = $2"#,
            r#""follows" = $2"#,
        ]
    );
}

#[tokio::test]
async fn a_generic_entity_is_created_and_read() {
    let row = vec![
        Value::Uuid(Uuid::nil()),
        Value::Uuid(Uuid::nil()),
        Value::Text("a".into()),
        Value::Json("[1,2]".into()),
        Value::Null(repo_core::Kind::Json),
        Value::Json("[[3]]".into()),
        Value::I64(4),
    ];
    let db = Database::new(Arc::new(Canned::new().then_affected(1).then_rows(vec![row])));
    let documents = db.tenant(Uuid::nil()).repo::<Document<Vec<u8>>>();
    let new = NewDocument { name: "a".to_owned(), body: vec![1_u8, 2], former: None };
    let created = documents.create(new.labels(vec![vec![3]])).await.expect("it is created");
    assert_eq!(created.labels, [[3]]);
    let found = documents.find_by_name("a").await.expect("it is read").expect("it is there");
    assert_eq!((found.body, found.former, found.version), (vec![1, 2], None, 4));
}

/// The conditions of a query beyond those of the tenant and of live rows.
fn compared(sql: &str) -> String {
    let (_, conditions) = sql.split_once(" WHERE ").expect("it has conditions");
    let conditions = conditions.split(" LIMIT ").next().unwrap_or(conditions);
    let conditions = conditions.split(" ORDER BY ").next().unwrap_or(conditions);
    let own = conditions.split(" AND ").filter(|condition| {
        !condition.starts_with("\"tenant_id\"") && !condition.starts_with("\"deleted_at\"")
    });
    own.collect::<Vec<_>>().join(" AND ")
}
