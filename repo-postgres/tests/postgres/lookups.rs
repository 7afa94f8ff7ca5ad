//! The SQL that reads rows by several keys at once. No server is asked.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use repo_core::backend::{Backend, Connection, Dialect, Insert, Lookup, OnRow, Statement};
use repo_core::testing::Canned;
use repo_core::{Database, Health, Repository, Result, TransactionOptions};
use repo_postgres::PostgresDialect;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "tickets", tenant, soft_delete)]
struct Ticket {
    id: Uuid,
    tenant_id: i32,
    deleted_at: Option<chrono::DateTime<chrono::Utc>>,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "the \"notes\"", tenant)]
struct Note {
    id: i64,
    #[repository(tenant)]
    owner: String,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "places", soft_delete)]
struct Place {
    id: i64,
    name: String,
    deleted_at: Option<chrono::DateTime<chrono::Utc>>,
}

/// Notes what is asked of it for several keys, and knows no rows.
#[derive(Debug, Default)]
struct Noting {
    inner: Canned,
    dialect: PostgresDialect,
    of_keys: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Backend for Noting {
    fn dialect(&self) -> &dyn Dialect {
        &self.dialect
    }

    async fn run(&self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        self.inner.run(statement, on_row).await
    }

    async fn look_up(&self, lookup: Lookup<'_>, on_row: OnRow<'_>) -> Result<u64> {
        self.of_keys.lock().unwrap().push(lookup.of_keys.to_owned());
        self.run(lookup.statement, on_row).await
    }

    async fn insert(&self, insert: Insert<'_>) -> Result<Vec<i64>> {
        self.inner.insert(insert).await
    }

    async fn begin(&self, options: TransactionOptions) -> Result<Box<dyn Connection>> {
        self.inner.begin(options).await
    }

    async fn health(&self) -> Result<Health> {
        self.inner.health().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

fn noting(row_level_security: bool) -> (Database, Arc<Mutex<Vec<String>>>) {
    let mut backend = Noting::default();
    backend.dialect.row_level_security = row_level_security;
    let of_keys = Arc::clone(&backend.of_keys);
    (Database::new(Arc::new(backend)), of_keys)
}

fn taken(of_keys: &Mutex<Vec<String>>) -> Vec<String> {
    std::mem::take(&mut of_keys.lock().unwrap())
}

#[tokio::test]
async fn each_key_has_its_tenant_and_only_live_rows_are_shown() {
    let (db, of_keys) = noting(false);
    let tickets = db.tenant(7).repo::<Ticket>();
    tickets.find(Uuid::nil()).await.unwrap();
    tickets.exists(Uuid::nil()).await.unwrap();
    let from = r#"FROM unnest($1::integer[], $2::uuid[]) WITH ORDINALITY AS "repo_keys" ("key_1", "key_2", "place") JOIN "tickets" ON "tickets"."tenant_id" = "repo_keys"."key_1" AND "tickets"."id" = "repo_keys"."key_2" WHERE "tickets"."deleted_at" IS NULL"#;
    assert_eq!(
        taken(&of_keys),
        [
            format!(
                r#"SELECT "repo_keys"."place", "tickets"."id", "tickets"."tenant_id", "tickets"."deleted_at" {from}"#
            ),
            format!(r#"SELECT "repo_keys"."place" {from}"#),
        ]
    );
}

#[tokio::test]
async fn a_key_may_be_of_texts_and_names_are_quoted() {
    let (db, of_keys) = noting(false);
    db.tenant("acme".to_owned()).repo::<Note>().find(1).await.unwrap();
    assert_eq!(
        taken(&of_keys),
        [
            r#"SELECT "repo_keys"."place", "the ""notes"""."id", "the ""notes"""."owner" FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS "repo_keys" ("key_1", "key_2", "place") JOIN "the ""notes""" ON "the ""notes"""."owner" = "repo_keys"."key_1" AND "the ""notes"""."id" = "repo_keys"."key_2""#
        ]
    );
}

#[tokio::test]
async fn without_a_tenant_the_id_is_the_key() {
    let (db, of_keys) = noting(false);
    let sql = r#"SELECT "repo_keys"."place", "places"."id", "places"."name", "places"."deleted_at" FROM unnest($1::bigint[]) WITH ORDINALITY AS "repo_keys" ("key_1", "place") JOIN "places" ON "places"."id" = "repo_keys"."key_1" WHERE "places"."deleted_at" IS NULL"#;
    db.session().repo::<Place>().find(1).await.unwrap();
    db.tenant(7).repo::<Place>().find(1).await.unwrap();
    db.all_tenants("a report").repo::<Place>().find(1).await.unwrap();
    assert_eq!(taken(&of_keys), [sql, sql, sql]);
}

#[tokio::test]
async fn over_all_tenants_in_transactions_and_under_row_level_security_each_is_read_by_itself() {
    let (db, of_keys) = noting(false);
    db.all_tenants("a report").repo::<Ticket>().find(Uuid::nil()).await.unwrap();
    let transaction = db.tenant(7).begin().await.unwrap();
    let tickets = transaction.session().repo::<Ticket>();
    tickets.find(Uuid::nil()).await.unwrap();
    tickets.exists(Uuid::nil()).await.unwrap();
    transaction.commit().await.unwrap();
    let (secured, secured_keys) = noting(true);
    secured.tenant(7).repo::<Ticket>().find(Uuid::nil()).await.unwrap();
    assert!(taken(&of_keys).is_empty() && taken(&secured_keys).is_empty());
}
