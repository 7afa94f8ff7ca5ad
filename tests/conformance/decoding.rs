//! Rows that hold what their entity cannot: an error that names the column and not the value.

use repo_core::{Database, Error, schema};
use serde_json::json;
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, by_hand, of_another_program};

pub(crate) async fn a_stored_value_that_the_type_cannot_hold_is_a_decode_error(fixture: Fixture) {
    let db = fixture.with(&schema![StatusAsText]).await;
    let texts = db.session().repo::<StatusAsText>();
    let new = NewStatusAsText { status: Some("paused".to_owned()), label: "x".to_owned() };
    let row = texts.create(new).await.unwrap();
    let other = of_another_program(&db);
    let statuses = other.session().repo::<StatusOnly>();
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
    let other = of_another_program(&db);
    let statuses = other.session().repo::<StatusOnly>();
    let patch = || StatusOnlyPatch::new().label("y");
    let patched = other
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
    let texts = of_another_program(&db).session().repo::<StatusAsText>();
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
    let narrow = of_another_program(&db).session().repo::<Narrow>();
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
    let documents = of_another_program(&db).session().repo::<NarrowDocument>();
    let error = documents.get(row.id).await.expect_err("decoded");
    assert!(matches!(error, Error::Decode { column: "json", .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    let texts = of_another_program(&db).session().repo::<NarrowText>();
    let error = texts.all().await.expect_err("decoded");
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

/// Gives the only row a value past every check, as somebody else may.
async fn store(db: &Database, assignment: &str) {
    let sql = format!("UPDATE optional_samples SET {assignment}");
    let sql = if db.system() == "sqlite" {
        format!("PRAGMA ignore_check_constraints = 1; {sql}; PRAGMA ignore_check_constraints = 0")
    } else {
        sql
    };
    let mut connection = by_hand(db).await;
    connection.execute_script(&sql).await.unwrap();
    connection.commit().await.unwrap();
}

pub(crate) async fn what_the_repository_would_not_write_it_does_not_read(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let samples = db.session().repo::<Optional>();
    samples.create(nothing("row")).await.unwrap();
    let values: &[(&str, &str)] = if db.system() == "sqlite" {
        &[
            ("single", "9e999"),
            ("double", "-9e999"),
            ("moment", "'0000-12-31T23:59:59.999999+00:00'"),
            ("moment", "'10000-01-01T00:00:00.000000+00:00'"),
            ("date", "'0000-12-31'"),
            ("date", "'10000-01-01'"),
        ]
    } else {
        &[
            ("single", "'NaN'"),
            ("single", "'Infinity'"),
            ("double", "'NaN'"),
            ("double", "'-Infinity'"),
            ("moment", "'0001-12-31 23:59:59.999999Z BC'"),
            ("moment", "'10000-01-01Z'"),
            ("date", "'0001-12-31 BC'"),
            ("date", "'10000-01-01'"),
        ]
    };
    for (column, value) in values {
        store(&db, "single = NULL, double = NULL, moment = NULL, date = NULL").await;
        store(&db, &format!("{column} = {value}")).await;
        let what = format!("{column} = {value}");
        let refused = |error: Error| {
            assert!(
                matches!(error, Error::Decode { column: of, .. } if of == *column),
                "{what}: {error:?}"
            );
        };
        refused(samples.all().await.expect_err("read"));
        refused(samples.find_by_label("row").await.expect_err("read"));
        let mut chunks = samples.query().order_by(Optional::DOUBLE.asc()).chunks(1);
        refused(chunks.next().await.expect_err("read"));
        let mut written = Vec::new();
        refused(samples.query().export_json_lines(&mut written).await.expect_err("exported"));
        let greatest = match *column {
            "single" => samples.query().max(Optional::SINGLE).await.map(drop),
            "double" => samples.query().max(Optional::DOUBLE).await.map(drop),
            "moment" => samples.query().max(Optional::MOMENT).await.map(drop),
            _ => samples.query().max(Optional::DATE).await.map(drop),
        };
        refused(greatest.expect_err("read"));
        let sums = match *column {
            "single" => Some((Optional::SINGLE.sum(), Optional::SINGLE.avg())),
            "double" => Some((Optional::DOUBLE.sum(), Optional::DOUBLE.avg())),
            _ => None,
        };
        if let Some((sum, average)) = sums {
            assert_error!(samples.query().aggregate(sum).await, Error::OutOfRange { .. });
            assert_error!(samples.query().aggregate(average).await, Error::OutOfRange { .. });
        }
    }
}
