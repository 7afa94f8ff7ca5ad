//! A cursor opens what it was made for and nothing else.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::sync::Arc;

use repo_core::testing::Canned;
use repo_core::{
    Cursor, Database, Error, Filter, Order, Repository, Session, Tenant, Value, Window,
    WindowRequest,
};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "people", tenant)]
struct Person {
    id: Uuid,
    tenant_id: i64,
    name: String,
    #[repository(sensitive)]
    salary: i64,
}

fn database() -> Database {
    let row =
        vec![Value::Uuid(Uuid::nil()), Value::I64(7), Value::Text("Ada".into()), Value::I64(1)];
    Database::new(Arc::new(Canned::new().then_rows(vec![row])))
}

async fn window(
    session: &Session<Tenant<i64>>,
    filter: Option<Filter<Person>>,
    order: Order<Person>,
    request: WindowRequest,
) -> Result<Window<Person>, Error> {
    session.repo::<Person>().filter(filter).order_by(order).window(request).await
}

async fn cursor(session: &Session<Tenant<i64>>) -> Cursor {
    let first = WindowRequest::first(1);
    window(session, None, Person::NAME.asc(), first).await.unwrap().end.unwrap()
}

fn reason(result: Result<Window<Person>, Error>) -> &'static str {
    match result {
        Err(Error::InvalidCursor { reason }) => reason,
        other => panic!("not an invalid cursor: {other:?}"),
    }
}

#[tokio::test]
async fn a_cursor_survives_being_text_and_json() {
    let made = cursor(&database().tenant(7)).await;
    assert_eq!(made.to_string().parse::<Cursor>().unwrap(), made);
    let json = serde_json::to_string(&made).unwrap();
    assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), made);
    let window =
        database().tenant(7).repo::<Person>().query().window(WindowRequest::first(1)).await;
    let answer = serde_json::to_value(window.unwrap().map(|person| person.name)).unwrap();
    assert_eq!((&answer["items"][0], &answer["has_next"]), (&"Ada".into(), &false.into()));
}

#[tokio::test]
async fn a_cursor_of_another_tenant_filter_or_order_is_refused() {
    let db = database();
    let made = cursor(&db.tenant(7)).await;
    let after = || WindowRequest::first(1).after(made.clone());
    let (seven, eight) = (db.tenant(7), db.tenant(8));
    let differs = "entity, tenant, filter or order differ";
    assert_eq!(reason(window(&eight, None, Person::NAME.asc(), after()).await), differs);
    assert_eq!(reason(window(&seven, None, Person::NAME.desc(), after()).await), differs);
    let filter = Some(Person::NAME.eq("Ada"));
    assert_eq!(reason(window(&seven, filter, Person::NAME.asc(), after()).await), differs);
    window(&seven, None, Person::NAME.asc(), after()).await.unwrap();
}

#[tokio::test]
async fn a_cursor_that_was_changed_anywhere_is_refused() {
    let db = database();
    let made = cursor(&db.tenant(7)).await.to_string();
    for at in 0..made.len() {
        let mut forged = made.clone().into_bytes();
        forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
        // The last letter has bits that no byte needs: changing those is no longer base64.
        let Ok(forged) = String::from_utf8(forged).unwrap().parse::<Cursor>() else { continue };
        let request = WindowRequest::first(1).after(forged);
        reason(window(&db.tenant(7), None, Person::NAME.asc(), request).await);
    }
    assert!(matches!("no cursor!".parse::<Cursor>(), Err(Error::InvalidCursor { .. })));
    let short = WindowRequest::first(1).after("AAAA".parse().unwrap());
    reason(window(&db.tenant(7), None, Person::NAME.asc(), short).await);
}

#[tokio::test]
async fn a_cursor_made_without_the_key_is_refused() {
    let made = cursor(&database().tenant(7)).await;
    let keyed = database().with_cursor_key("a secret");
    let request = WindowRequest::first(1).after(made);
    let refused = window(&keyed.tenant(7), None, Person::NAME.asc(), request).await;
    assert_eq!(reason(refused), "it was changed");
}

#[tokio::test]
async fn with_a_key_a_cursor_confirms_no_guess_of_a_filter() {
    let filtered = async |db: Database, salary| {
        let filter = Some(Person::SALARY.eq(salary));
        let first = WindowRequest::first(1);
        let window = window(&db.tenant(7), filter, Person::NAME.asc(), first).await;
        window.unwrap().end.unwrap()
    };
    // What comes before the values of the order: the digest of the query.
    let digest = |cursor: &Cursor| cursor.to_string()[..17].to_owned();
    let keyed = || database().with_cursor_key("a secret");
    let ours = filtered(keyed(), 1).await;
    assert_eq!(digest(&filtered(keyed(), 1).await), digest(&ours));
    assert_ne!(digest(&filtered(database(), 1).await), digest(&ours));
    let other = database().with_cursor_key("another");
    assert_ne!(digest(&filtered(other, 1).await), digest(&ours));

    for guess in [1, 2] {
        let request = WindowRequest::first(1).after(filtered(database(), guess).await);
        let filter = Some(Person::SALARY.eq(1));
        let refused = window(&keyed().tenant(7), filter, Person::NAME.asc(), request).await;
        assert_eq!(reason(refused), "it was changed");
    }
}

#[tokio::test]
async fn beside_a_cursor_there_is_always_a_row_whichever_end_is_read_from() {
    let (db, session) = (database(), database().tenant(7));
    let made = cursor(&db.tenant(7)).await;
    for request in [WindowRequest::first(1), WindowRequest::last(1)] {
        let between = request.after(made.clone()).before(made.clone());
        let window = window(&session, None, Person::NAME.asc(), between).await.unwrap();
        assert!(window.has_previous && window.has_next);
    }
}

#[tokio::test]
async fn a_sensitive_column_cannot_end_up_in_a_cursor() {
    let session = database().tenant(7);
    let ordered = window(&session, None, Person::SALARY.asc(), WindowRequest::first(1)).await;
    assert_eq!(
        ordered.unwrap_err().to_string(),
        "`salary` is sensitive: a cursor would show its value"
    );
}

#[tokio::test]
async fn a_window_of_no_size_or_too_large_a_size_is_refused() {
    let session = database().tenant(7);
    for size in [0, WindowRequest::MAX_SIZE + 1] {
        let refused = window(&session, None, Person::NAME.asc(), WindowRequest::first(size)).await;
        assert!(refused.unwrap_err().is_invalid_input());
    }
}
