//! Rows that hold what their entity cannot: an error that names the column and not the value.

use repo_core::{Error, schema};
use serde_json::json;
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::Fixture;

pub(crate) async fn a_stored_value_that_the_type_cannot_hold_is_a_decode_error(fixture: Fixture) {
    let db = fixture.with(&schema![StatusAsText]).await;
    let texts = db.session().repo::<StatusAsText>();
    let new = NewStatusAsText { status: Some("paused".to_owned()), label: "x".to_owned() };
    let row = texts.create(new).await.unwrap();
    let statuses = db.session().repo::<StatusOnly>();
    let unknown = |column| move |error: &Error| matches!(error, Error::Decode { entity: "StatusOnly", column: of, .. } if *of == column);
    let error = statuses.get(row.id).await.expect_err("decoded");
    assert!(unknown("status")(&error), "{error:?}");
    assert!(!error.to_string().contains("paused"), "{error}");
    let error = statuses.all().await.expect_err("decoded");
    assert!(unknown("status")(&error), "{error:?}");
    let error = statuses.get_many([row.id]).await.expect_err("decoded");
    assert!(unknown("status")(&error), "{error:?}");

    texts.patch(row.id, StatusAsTextPatch::new().status(None)).await.unwrap();
    let error = statuses.get(row.id).await.expect_err("decoded");
    assert!(unknown("status")(&error), "{error:?}");
}

pub(crate) async fn a_change_whose_row_cannot_be_decoded_is_an_error(fixture: Fixture) {
    let db = fixture.with(&schema![StatusAsText]).await;
    let texts = db.session().repo::<StatusAsText>();
    let new = NewStatusAsText { status: Some("paused".to_owned()), label: "x".to_owned() };
    let row = texts.create(new).await.unwrap();
    let statuses = db.session().repo::<StatusOnly>();
    let patch = || StatusOnlyPatch::new().label("y");
    let patched = db
        .session()
        .transaction(async |tx| tx.repo::<StatusOnly>().patch(row.id, patch()).await)
        .await;
    let error = patched.expect_err("decoded");
    assert!(matches!(error, Error::Decode { column: "status", .. }), "{error:?}");
    assert_eq!(texts.get(row.id).await.unwrap().label, "x");

    let error = statuses.patch(row.id, patch()).await.expect_err("decoded");
    assert!(matches!(error, Error::Decode { column: "status", .. }), "{error:?}");
    // Postgres has committed what is one statement before it answers.
    let label = if db.system() == "sqlite" { "x" } else { "y" };
    assert_eq!(texts.get(row.id).await.unwrap().label, label);
}

pub(crate) async fn a_status_outside_of_the_enum_is_refused_by_the_database(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let texts = db.session().repo::<StatusAsText>();
    let new = NewStatusAsText { status: Some("paused".to_owned()), label: "x".to_owned() };
    assert_error!(
        texts.create(new).await,
        Error::Check { entity: "StatusAsText", constraint } if constraint == "optional_samples_status_check"
    );
}

/// The same table, with other types.
#[derive(Debug, Clone, PartialEq, repo_core::Repository)]
#[repository(table = "optional_samples")]
struct Narrow {
    id: Uuid,
    large: i16,
}

pub(crate) async fn a_column_of_another_type_is_a_decode_error(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let samples = db.session().repo::<Optional>();
    let narrow = db.session().repo::<Narrow>();
    let row = samples.create(nothing("row")).await.unwrap();
    let read = async |patch: OptionalPatch| {
        samples.patch(row.id, patch).await.unwrap();
        match narrow.get(row.id).await {
            Err(Error::Decode { entity: "Narrow", column, .. }) => column,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(read(OptionalPatch::new().large(None)).await, "large", "NULL");
    assert_eq!(read(OptionalPatch::new().large(70_000)).await, "large", "out of range");
    let document = json!({ "words": "secret" });
    let patch = OptionalPatch::new().json(document).text("secret".to_owned());
    samples.patch(row.id, patch).await.unwrap();
    let error = db.session().repo::<NarrowDocument>().get(row.id).await.expect_err("decoded");
    assert!(matches!(error, Error::Decode { column: "json", .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    let error = db.session().repo::<NarrowText>().all().await.expect_err("decoded");
    assert!(matches!(error, Error::Decode { column: "text", .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
}

#[derive(Debug, Clone, PartialEq, repo_core::Repository)]
#[repository(table = "optional_samples")]
struct NarrowDocument {
    id: Uuid,
    #[repository(json)]
    json: Payload,
}

#[derive(Debug, Clone, PartialEq, repo_core::Repository)]
#[repository(table = "optional_samples")]
struct NarrowText {
    id: Uuid,
    text: Uuid,
}
