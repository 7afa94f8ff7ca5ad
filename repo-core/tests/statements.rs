//! The SQL that each operation sends, seen by a recording backend.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::sync::Arc;

use chrono::{DateTime, Utc};
use repo_core::__private::Field;
use repo_core::backend::Meaning;
use repo_core::testing::{Canned, Failing, Recorder};
use repo_core::{
    Bucket, Database, DatabaseError, Error, PageRequest, Patch, Repository, Tenant, Value,
    WindowRequest, count,
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "cases", tenant, soft_delete, versioned, timestamps)]
struct Case {
    id: Uuid,
    tenant_id: i64,
    #[repository(unique)]
    title: String,
    #[repository(fixed)]
    origin: String,
    rank: Option<i32>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    deleted_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = r#""id", "tenant_id", "title", "origin", "rank", "version", "created_at", "updated_at", "deleted_at""#;

fn recorded() -> (Recorder, CaseRepository<Tenant<i64>>) {
    let recorder = Recorder::new(Arc::new(Canned::new().then_affected(1)));
    let db = Database::new(Arc::new(recorder.clone()));
    (recorder, db.tenant(7).repo::<Case>())
}

/// The only statement sent, with the list of all columns shortened to `*`.
fn only(recorder: &Recorder) -> String {
    let sql = recorder.sql();
    assert_eq!(sql.len(), 1, "one statement: {sql:?}");
    sql[0].replace(COLUMNS, "*")
}

fn row(version: i64) -> Vec<Vec<Value<'static>>> {
    let now = Value::Timestamp(DateTime::from_timestamp_micros(0).unwrap());
    let null = Value::Null(repo_core::Kind::Timestamp);
    vec![vec![
        Value::Uuid(Uuid::nil()),
        Value::I64(7),
        Value::Text("a".into()),
        Value::Text("b".into()),
        Value::Null(repo_core::Kind::I32),
        Value::I64(version),
        now.clone(),
        now,
        null,
    ]]
}

/// A row of a page, and how many rows there are.
fn counted(total: i64) -> Vec<Vec<Value<'static>>> {
    let mut rows = row(1);
    rows[0].push(Value::I64(total));
    rows
}

#[tokio::test]
async fn a_create_is_one_insert_of_all_columns() {
    let (recorder, cases) = recorded();
    cases.create(NewCase { title: "a".into(), origin: "b".into(), rank: None }).await.unwrap();
    assert_eq!(
        only(&recorder),
        r#"INSERT INTO "cases" (*) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"#
    );
}

#[tokio::test]
async fn a_find_carries_the_tenant_and_sees_live_rows() {
    let (recorder, cases) = recorded();
    cases.find(Uuid::nil()).await.unwrap();
    assert_eq!(
        only(&recorder),
        r#"SELECT * FROM "cases" WHERE "tenant_id" = $1 AND "id" = $2 AND "deleted_at" IS NULL"#
    );
}

#[tokio::test]
async fn a_patch_bumps_the_version_and_the_time_and_compares_the_version() {
    let recorder = Recorder::new(Arc::new(Canned::new().then_rows(row(4))));
    let cases = Database::new(Arc::new(recorder.clone())).tenant(7).repo::<Case>();
    cases.patch(Uuid::nil(), CasePatch::new().title("new")).if_version(3).await.unwrap();
    assert_eq!(
        only(&recorder),
        r#"UPDATE "cases" SET "title" = $1, "version" = "version" + 1, "updated_at" = $2 WHERE "tenant_id" = $3 AND "id" = $4 AND "deleted_at" IS NULL AND "version" = $5 AND ("title" IS DISTINCT FROM $1) RETURNING *"#
    );
}

#[tokio::test]
async fn patches_of_the_same_columns_are_one_statement_in_any_order() {
    let answers = Canned::new().then_rows(row(1)).then_rows(row(2)).then_rows(row(2));
    let recorder = Recorder::new(Arc::new(answers));
    let cases = Database::new(Arc::new(recorder.clone())).tenant(7).repo::<Case>();
    cases.patch(Uuid::nil(), CasePatch::new().title("new").rank(3)).await.unwrap();
    cases.patch(Uuid::nil(), CasePatch::new().rank(4).title("newer")).await.unwrap();
    cases.patch(Uuid::nil(), CasePatch::new().rank(4)).await.unwrap();
    let sql = recorder.sql();
    assert_eq!(sql[0], sql[1]);
    assert!(sql[0].contains(r#"SET "title" = $1, "rank" = $2, "version""#), "{}", sql[0]);
    assert!(sql[2].contains(r#"SET "rank" = $1, "version""#), "{}", sql[2]);
}

#[tokio::test]
async fn an_update_writes_no_managed_column_and_insists_on_the_fixed_ones() {
    let recorder = Recorder::new(Arc::new(Canned::new().then_rows(row(1)).then_rows(row(2))));
    let cases = Database::new(Arc::new(recorder.clone())).tenant(7).repo::<Case>();
    let case = cases.get(Uuid::nil()).await.unwrap();
    recorder.clear();
    cases.update(&case).await.unwrap();
    assert_eq!(
        only(&recorder),
        r#"UPDATE "cases" SET "title" = $1, "rank" = $2, "version" = "version" + 1, "updated_at" = $3 WHERE "tenant_id" = $4 AND "id" = $5 AND "deleted_at" IS NULL AND "version" = $6 AND "origin" IS NOT DISTINCT FROM $7 AND ("title" IS DISTINCT FROM $1 OR "rank" IS DISTINCT FROM $2) RETURNING *"#
    );
}

#[tokio::test]
async fn a_delete_marks_and_a_purge_removes_what_is_marked() {
    let (recorder, cases) = recorded();
    cases.delete(Uuid::nil()).await.unwrap();
    assert_eq!(
        only(&recorder),
        r#"UPDATE "cases" SET "deleted_at" = $1, "version" = "version" + 1, "updated_at" = $1 WHERE "tenant_id" = $2 AND "id" = $3 AND "deleted_at" IS NULL AND "id" = (SELECT "id" FROM "cases" WHERE "tenant_id" = $2 AND "id" = $3 FOR UPDATE)"#
    );
    recorder.clear();
    cases.purge(Uuid::nil()).await.unwrap();
    assert_eq!(
        only(&recorder),
        r#"DELETE FROM "cases" WHERE "tenant_id" = $1 AND "id" = $2 AND "deleted_at" IS NOT NULL"#
    );
}

#[tokio::test]
async fn a_page_and_its_total_are_one_statement() {
    let recorder =
        Recorder::new(Arc::new(Canned::new().then_rows(counted(11)).then_rows(counted(1))));
    let cases = Database::new(Arc::new(recorder.clone())).tenant(7).repo::<Case>();
    let page =
        |number| cases.filter(Case::TITLE.ne("x")).page(PageRequest::number(number).size(10));
    assert_eq!(page(2).await.unwrap().total, 11);
    let total = r#"(SELECT COUNT(*) AS "repo_total" FROM "cases" WHERE "tenant_id" = $1 AND "deleted_at" IS NULL AND "title" <> $2)"#;
    let rows = r#"FROM "cases" WHERE "tenant_id" = $1 AND "deleted_at" IS NULL AND "title" <> $2 ORDER BY "id" LIMIT 10"#;
    assert_eq!(only(&recorder), format!(r#"SELECT *, {total} AS "repo_total" {rows} OFFSET $3"#));
    recorder.clear();
    assert_eq!(page(1).await.unwrap().total, 1);
    assert_eq!(only(&recorder), format!(r#"SELECT *, {total} AS "repo_total" {rows}"#));
}

#[tokio::test]
async fn a_page_without_rows_is_asked_for_its_total_unless_it_is_the_first() {
    let recorder = Recorder::new(Arc::new(Canned::new()));
    let cases = Database::new(Arc::new(recorder.clone())).tenant(7).repo::<Case>();
    let page = |number| cases.query().page(PageRequest::number(number).size(10));
    assert_eq!(page(1).await.unwrap().total, 0);
    assert_eq!(recorder.sql().len(), 1);
    recorder.clear();
    page(2).await.unwrap();
    let sql = recorder.sql();
    assert_eq!(sql.len(), 2, "{sql:?}");
    assert!(sql[1].contains(r#"(SELECT COUNT(*) AS "repo_total" FROM "cases" WHERE "tenant_id" = $1 AND "deleted_at" IS NULL)"#), "{sql:?}");
    assert!(sql[1].replace(COLUMNS, "*").contains(r#"LEFT JOIN (SELECT * FROM "cases" WHERE "tenant_id" = $1 AND "deleted_at" IS NULL ORDER BY "id" LIMIT 10 OFFSET $2)"#), "{sql:?}");
}

#[tokio::test]
async fn a_limit_that_is_often_asked_for_is_part_of_the_text_and_any_other_a_parameter() {
    let recorder = Recorder::new(Arc::new(Canned::new()));
    let cases = Database::new(Arc::new(recorder.clone())).tenant(7).repo::<Case>();
    for (limit, text) in
        [(50, "LIMIT 50"), (51, "LIMIT 51"), (49, "LIMIT $2"), (u64::MAX, "LIMIT $2")]
    {
        cases.query().limit(limit).all().await.unwrap();
        assert!(only(&recorder).ends_with(text), "{limit}: {}", only(&recorder));
        recorder.clear();
    }
}

#[tokio::test]
async fn a_window_over_columns_without_null_compares_them_as_one_row() {
    let recorder = Recorder::new(Arc::new(Canned::new().then_rows(row(1))));
    let cases = Database::new(Arc::new(recorder.clone())).tenant(7).repo::<Case>();
    let newest = || cases.query().order_by(Case::CREATED_AT.desc());
    let start = newest().window(WindowRequest::first(1)).await.unwrap().end.unwrap();
    recorder.clear();
    newest().window(WindowRequest::first(1).after(start)).await.unwrap();
    assert_eq!(
        only(&recorder),
        r#"SELECT * FROM "cases" WHERE "tenant_id" = $1 AND "deleted_at" IS NULL AND ("created_at", "id") < ($2, $3) ORDER BY "created_at" DESC, "id" DESC LIMIT 2"#
    );
}

#[tokio::test]
async fn a_window_over_a_nullable_column_ranks_null_above_all_values() {
    let recorder = Recorder::new(Arc::new(Canned::new().then_rows(row(1))));
    let cases = Database::new(Arc::new(recorder.clone())).tenant(7).repo::<Case>();
    let ranked = || cases.query().order_by(Case::RANK.desc());
    let start = ranked().window(WindowRequest::first(1)).await.unwrap().end.unwrap();
    recorder.clear();
    ranked().window(WindowRequest::first(1).after(start)).await.unwrap();
    assert_eq!(
        only(&recorder),
        r#"SELECT * FROM "cases" WHERE "tenant_id" = $1 AND "deleted_at" IS NULL AND ("rank" IS NOT NULL OR ("rank" IS NULL AND ("id" < $2))) ORDER BY "rank" DESC NULLS FIRST, "id" DESC LIMIT 2"#
    );
}

/// In an index the rows after a position start at the first part: without it they are looked for from the start.
#[tokio::test]
async fn a_window_over_two_directions_starts_at_its_first_key() {
    let recorder = Recorder::new(Arc::new(Canned::new().then_rows(row(1))));
    let cases = Database::new(Arc::new(recorder.clone())).tenant(7).repo::<Case>();
    let turned = || cases.query().order_by(Case::CREATED_AT.desc()).order_by(Case::ID.asc());
    let start = turned().window(WindowRequest::first(1)).await.unwrap().end.unwrap();
    recorder.clear();
    turned().window(WindowRequest::first(1).after(start)).await.unwrap();
    assert_eq!(
        only(&recorder),
        r#"SELECT * FROM "cases" WHERE "tenant_id" = $1 AND "deleted_at" IS NULL AND ("created_at") <= ($2) AND ("created_at" < $3 OR ("created_at" = $4 AND ("id" > $5))) ORDER BY "created_at" DESC, "id" LIMIT 2"#
    );
}

#[tokio::test]
async fn a_list_is_one_parameter_however_long_it_is() {
    let (recorder, cases) = recorded();
    cases.filter(Case::TITLE.in_list(["a", "b", "c"])).all().await.unwrap();
    assert!(only(&recorder).contains(r#"AND "title" = ANY($2) ORDER BY "id""#));
}

#[tokio::test]
async fn a_value_that_fits_no_column_sends_nothing() {
    let (recorder, cases) = recorded();
    let error = cases.filter(Case::TITLE.eq("a\0b")).all().await.unwrap_err();
    assert_eq!(error.to_string(), "`title` holds a NUL character");
    let new = NewCase { title: "a\0".into(), origin: String::new(), rank: None };
    assert!(cases.create(new).await.unwrap_err().is_invalid_input());
    assert!(recorder.events().is_empty());
}

#[tokio::test]
async fn no_patch_reaches_a_column_that_is_not_the_callers() {
    let (recorder, cases) = recorded();
    let of_the_repository = "is the repository's, and never patched";
    let now = DateTime::<Utc>::UNIX_EPOCH;
    for (patch, expected) in [
        (Field::set(Patch::new(), Case::ID, Uuid::max()), format!("`id` {of_the_repository}")),
        (Field::set(Patch::new(), Case::TENANT_ID, 8), format!("`tenant_id` {of_the_repository}")),
        (Field::set(Patch::new(), Case::VERSION, 8), format!("`version` {of_the_repository}")),
        (
            Field::set(Patch::new(), Case::CREATED_AT, now),
            format!("`created_at` {of_the_repository}"),
        ),
        (
            Field::set(Patch::new(), Case::DELETED_AT, None),
            format!("`deleted_at` {of_the_repository}"),
        ),
        (
            Field::set(Patch::new(), Case::ORIGIN, "b".to_owned()),
            "`origin` is set at creation and never changed".to_owned(),
        ),
    ] {
        let error = cases.patch(Uuid::nil(), patch).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    assert!(recorder.events().is_empty());
}

#[tokio::test]
async fn sessions_over_all_tenants_are_counted_whatever_was_changed_about_the_database() {
    let db = Database::new(Arc::new(Canned::new()));
    let keyed = db.clone().with_cursor_key("secret");
    keyed.all_tenants("a report");
    db.all_tenants("another");
    assert_eq!((db.opened_over_all_tenants(), keyed.opened_over_all_tenants()), (2, 2));
}

#[tokio::test]
async fn a_backend_says_of_a_failure_to_serialize_whether_the_row_changed() {
    let failing = Failing::new(Arc::new(Canned::new()));
    let cases = Database::new(Arc::new(failing.clone())).tenant(7).repo::<Case>();
    let fail = |meaning| {
        // A code is that of one database, and means nothing to the repositories.
        let source = DatabaseError::with_code("40001", "the database chose this one");
        failing.then_fail(Error::Serialization { source: source.meaning(meaning) });
    };
    fail(Meaning::RowChanged);
    let stale = cases.patch(Uuid::nil(), CasePatch::new().title("new")).if_version(3).await;
    assert!(stale.unwrap_err().is_version_conflict());
    fail(Meaning::Other);
    let deadlock = cases.patch(Uuid::nil(), CasePatch::new().title("new")).if_version(3).await;
    assert!(deadlock.unwrap_err().is_retryable(), "a deadlock says nothing about the row");
}

#[tokio::test]
async fn no_session_shows_the_key_of_its_cursors() {
    let keys: Vec<[u8; 32]> = vec![Sha256::digest("secret").into(), [0; 32]];
    let plain = Database::new(Arc::new(Canned::new()));
    for db in [plain.clone().with_cursor_key("secret"), plain] {
        let cases = db.tenant(7).repo::<Case>();
        let shown = format!("{db:?} {:?} {cases:?} {:?}", db.tenant(7), cases.query());
        assert!(keys.iter().all(|key| !shown.contains(&format!("{key:?}"))), "{shown}");
    }
}

#[tokio::test]
async fn groups_are_one_statement_whose_numbers_are_parameters() {
    let (recorder, cases) = recorded();
    let groups = cases
        .filter(Case::TITLE.contains("x"))
        .group_by((Case::RANK, Case::CREATED_AT.bucket(Bucket::hours(1))))
        .select((count(), Case::VERSION.sum(), Case::TITLE.max()))
        .having(Case::VERSION.sum().gt(7))
        .order_by(count().desc())
        .limit(3);
    assert_eq!(groups.all().await.unwrap(), []);
    let sum = r#"CAST(SUM(CAST("version" AS BIGINT) >> 32) AS BIGINT) + (CAST(SUM(CAST("version" AS BIGINT) & 4294967295) AS BIGINT) >> 32), CAST(SUM(CAST("version" AS BIGINT) & 4294967295) AS BIGINT) & 4294967295"#;
    assert_eq!(
        only(&recorder).replace(sum, "SUM"),
        r#"SELECT "rank", (CAST(FLOOR(EXTRACT(EPOCH FROM "created_at")) AS BIGINT) - $1) / $2, COUNT(*), SUM, MAX("title") FROM "cases" WHERE "tenant_id" = $3 AND "deleted_at" IS NULL AND POSITION($4 IN "title") > 0 GROUP BY 1, 2 HAVING (SUM) > ($5, $6) ORDER BY COUNT(*) DESC NULLS FIRST, 1 NULLS LAST, 2 LIMIT $7"#
    );
}

#[tokio::test]
async fn the_latest_of_each_key_are_ranked_within_the_tenant() {
    let (recorder, cases) = recorded();
    cases.query().latest_per(Case::ORIGIN, Case::CREATED_AT).await.unwrap();
    assert_eq!(
        only(&recorder),
        r#"SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY "origin" ORDER BY "created_at" DESC, "id" DESC, "tenant_id" DESC) AS "repo_rank" FROM "cases" WHERE "tenant_id" = $1 AND "deleted_at" IS NULL) AS "cases" WHERE "repo_rank" = 1 ORDER BY "origin", "id""#
    );
}
