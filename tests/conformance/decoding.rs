//! Rows that hold what their entity cannot: an error that names the column and not the value.

use repo_core::{Database, Error, schema};
use serde_json::json;
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, by_hand, of_another_program};

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

/// Gives the only row of a table a value past every check, as somebody else may.
async fn store(db: &Database, table: &str, assignment: &str) {
    let sql = format!("UPDATE {table} SET {assignment}");
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
        store(&db, "optional_samples", "single = NULL, double = NULL, moment = NULL, date = NULL")
            .await;
        store(&db, "optional_samples", &format!("{column} = {value}")).await;
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

/// A moment after the last one that is read.
fn far_away(db: &Database) -> &'static str {
    if db.system() == "sqlite" { "'10000-01-01T00:00:00.000000+00:00'" } else { "'10000-01-01Z'" }
}

fn assert_unreadable(error: &Error, of: (&str, &str)) {
    match error.cause() {
        Error::Decode { entity, column, .. } => assert_eq!((*entity, *column), of, "{error:?}"),
        _ => panic!("{error:?}"),
    }
}

pub(crate) async fn nothing_is_added_under_a_parent_that_does_not_tell_whether_it_is_deleted(
    fixture: Fixture,
) {
    let db = fixture.with(&projects()).await;
    let session = acme(&db).actor("alice");
    let project = session.repo::<Project>().create(project("here")).await.unwrap();
    let new = NewPerson { name: "eve".to_owned() };
    let eve = session.repo::<Person>().create(new).await.unwrap();
    store(&db, "persons", &format!("deleted_at = {}", far_away(&db))).await;
    let tasks = session.repo::<Task>();
    let of_eve = |code: &str| NewTask { owner_id: Some(eve.id), ..task(code, &project) };
    let added = tasks.create_many([of_eve("a"), of_eve("b")]).await;
    assert_unreadable(&added.expect_err("refused"), ("Person", "deleted_at"));
    assert_eq!(tasks.query().count().await.unwrap(), 0);
}

pub(crate) async fn of_a_row_that_cannot_be_read_nothing_else_is_said(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let projects = acme(&db).actor("alice").repo::<Project>();
    let stale = projects.create(project("first")).await.unwrap();
    let patch = ProjectPatch::new().name("second".to_owned());
    let row = projects.patch(stale.id, patch).await.unwrap();
    store(&db, "projects", &format!("created_at = {}", far_away(&db))).await;
    // Its creation is not told to be another one.
    let updated = projects.update(&row).await;
    assert_unreadable(&updated.expect_err("refused"), ("Project", "created_at"));
    store(&db, "projects", &format!("deleted_at = {}", far_away(&db))).await;
    // Nor its version, as if it were there.
    let updated = projects.update(&stale).await;
    assert_unreadable(&updated.expect_err("refused"), ("Project", "deleted_at"));
}

/// A table whose ids are of another type.
#[derive(Debug, Clone, PartialEq, repo_core::Repository)]
#[repository(table = "shelf_marks")]
struct ShelfMark {
    #[repository(assigned)]
    id: i16,
}

pub(crate) async fn a_row_whose_id_cannot_be_read_is_not_taken_for_missing(fixture: Fixture) {
    let sql = "CREATE TABLE shelf_marks (id REAL); INSERT INTO shelf_marks VALUES (7)";
    let mut connection = by_hand(&fixture.db).await;
    connection.execute_script(sql).await.unwrap();
    connection.commit().await.unwrap();
    let marks = of_another_program(&fixture.db).session().repo::<ShelfMark>();
    assert_unreadable(&marks.find(7).await.expect_err("read"), ("ShelfMark", "id"));
    assert_unreadable(&marks.get_many([7]).await.expect_err("read"), ("ShelfMark", "id"));
    assert_eq!(marks.get_many([8]).await.unwrap(), [None]);
}
