//! Row-level security: what the server itself shows and takes, whoever asks and by whatever SQL.

mod doctor;
mod kinds;
mod page;
mod roles;
mod trail;

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use repo_core::backend::{Access, Backend, Reach};
use repo_core::{Database, Error, Kind, Repository, Result, TransactionOptions, Value, schema};
use repo_postgres::{Options, Postgres};
use uuid::Uuid;

use crate::scratch::{Scratch, no_rows, read, statement, write};

const ACME: Uuid = Uuid::from_u128(0xacae);
const BOLT: Uuid = Uuid::from_u128(0xb017);
const COUNT: &str = "SELECT count(*) FROM tickets";
const SETTINGS: &str = "SELECT coalesce(current_setting('repo.tenant', true), '') \
    || coalesce(current_setting('repo.all_tenants', true), '')";

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "tickets", tenant, soft_delete, index(title))]
struct Ticket {
    id: Uuid,
    tenant_id: Uuid,
    title: String,
    deleted_at: Option<chrono::DateTime<chrono::Utc>>,
}

/// A schema, a pool of one connection as the role that owns it, and two tickets of one tenant and one
/// of another in it.
struct Desk {
    scratch: Scratch,
    pool: Postgres,
    db: Database,
}

impl Desk {
    async fn open() -> Option<Self> {
        let scratch = Scratch::of_a_role().await?;
        let pool = secured(&scratch).pool_size(1).connect_backend().await.unwrap();
        let db = Database::new(Arc::new(pool.clone()));
        db.create_tables(&schema![Ticket]).await.unwrap();
        let new = |title: &str| NewTicket { title: title.to_owned() };
        db.tenant(ACME).repo::<Ticket>().create_many([new("a"), new("b")]).await.unwrap();
        db.tenant(BOLT).repo::<Ticket>().create(new("c")).await.unwrap();
        Some(Self { scratch, pool, db })
    }

    async fn count(&self, reach: &Reach) -> i64 {
        number(&*self.pool.within(reach).unwrap(), COUNT).await.unwrap()
    }
}

fn secured(scratch: &Scratch) -> Options {
    scratch.options().row_level_security(true)
}

fn tenant(id: Uuid) -> Reach {
    Reach::Tenant(id.to_string())
}

async fn number(db: &dyn Backend, sql: &str) -> Result<i64> {
    let mut found = None;
    let mut on_row = |row: &dyn repo_core::backend::Row| {
        found = row.value(0, Kind::I64).ok().map(Value::into_owned);
        Ok(())
    };
    db.run(statement(sql, &[], Access::Read), &mut on_row).await?;
    match found {
        Some(Value::I64(number)) => Ok(number),
        other => panic!("{other:?} is not a number"),
    }
}

#[tokio::test]
async fn sql_by_hand_sees_the_rows_of_its_tenant_only() {
    let Some(desk) = Desk::open().await else { return };
    assert_eq!(desk.count(&tenant(ACME)).await, 2);
    assert_eq!(desk.count(&tenant(BOLT)).await, 1);
    assert_eq!(desk.count(&tenant(Uuid::nil())).await, 0);
    assert_eq!(desk.count(&Reach::All).await, 3);
    assert!(desk.pool.within(&Reach::Shared).is_none());
    assert_eq!(number(&desk.pool, COUNT).await.unwrap(), 0, "without a tenant");
    let delete = "DELETE FROM tickets";
    assert_eq!(write(&desk.pool, delete, &[]).await.unwrap(), 0, "without a tenant");
    let acme = desk.pool.within(&tenant(ACME)).unwrap();
    let deleted = acme.run(statement(delete, &[], Access::Write), &mut no_rows).await;
    assert_eq!(deleted.unwrap(), 2);
    assert_eq!(desk.count(&Reach::All).await, 1);
}

#[tokio::test]
async fn nothing_of_it_is_left_on_the_connection() {
    let Some(desk) = Desk::open().await else { return };
    for reach in [tenant(ACME), Reach::All] {
        let within = desk.pool.within(&reach).unwrap();
        let clean = async |after: &str| {
            let left = read(&desk.pool, SETTINGS, &[], Kind::Text).await.unwrap();
            assert_eq!(left, [Value::Text("".into())], "{after}");
            assert_eq!(number(&desk.pool, COUNT).await.unwrap(), 0, "{after}");
        };
        assert!(number(&*within, COUNT).await.unwrap() > 1);
        clean("a statement").await;
        within.begin(TransactionOptions::new()).await.unwrap().commit().await.unwrap();
        clean("a commit").await;
        within.begin(TransactionOptions::new()).await.unwrap().rollback().await.unwrap();
        clean("a rollback").await;
        drop(within.begin(TransactionOptions::new()).await.unwrap());
        clean("a drop").await;
        number(&*within, "SELECT 1 / 0").await.unwrap_err();
        clean("an error").await;
        let slow = number(&*within, "SELECT 1 FROM pg_sleep(30)");
        tokio::time::timeout(Duration::from_millis(50), slow).await.unwrap_err();
        clean("a cancellation").await;
    }
}

#[tokio::test]
async fn a_savepoint_that_is_undone_keeps_it() {
    let Some(desk) = Desk::open().await else { return };
    let within = desk.pool.within(&tenant(ACME)).unwrap();
    let mut transaction = within.begin(TransactionOptions::new()).await.unwrap();
    transaction.savepoint(1).await.unwrap();
    transaction.rollback_to(1).await.unwrap();
    let delete = statement("DELETE FROM tickets", &[], Access::Write);
    assert_eq!(transaction.run(delete, &mut no_rows).await.unwrap(), 2);
    transaction.rollback().await.unwrap();
}

#[tokio::test]
async fn somebody_with_the_same_role_and_psql_sees_nothing() {
    let Some(desk) = Desk::open().await else { return };
    let psql = std::env::var("REPO_TEST_POSTGRES_BIN").map(|folder| format!("{folder}/psql"));
    let psql = psql.unwrap_or_else(|_| "psql".to_owned());
    let ask = |sql: &str| {
        let mut command = Command::new(&psql);
        let output = command.args([&desk.scratch.url, "-XAtc", sql]).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim().to_owned();
        (text(output.stdout), text(output.stderr))
    };
    assert_eq!(ask(COUNT), ("0".to_owned(), String::new()));
    assert_eq!(ask("UPDATE tickets SET title = 'x'").0, "UPDATE 0");
    assert_eq!(ask("DELETE FROM tickets").0, "DELETE 0");
    let insert =
        format!("INSERT INTO tickets (id, tenant_id, title) VALUES ('{ACME}', '{ACME}', 'x')");
    assert!(ask(&insert).1.contains("violates row-level security policy"), "{:?}", ask(&insert));
    assert_eq!(desk.count(&Reach::All).await, 3);
}

#[tokio::test]
async fn a_row_of_another_tenant_is_not_taken() {
    let Some(desk) = Desk::open().await else { return };
    let insert = "INSERT INTO tickets (id, tenant_id, title) VALUES ($1, $2, 'x')";
    let id = Uuid::from_u128(7);
    let give = format!("UPDATE tickets SET tenant_id = '{BOLT}'");
    for reach in [tenant(ACME), Reach::All] {
        let within = desk.pool.within(&reach).unwrap();
        let params = [Value::Uuid(id), Value::Uuid(BOLT)];
        for (sql, params) in [(insert, &params[..]), (&give, &[])] {
            let refused = within.run(statement(sql, params, Access::Write), &mut no_rows).await;
            let is_mismatch = matches!(refused, Err(Error::TenantMismatch { entity: "Note" }));
            assert!(is_mismatch, "{reach:?}, {sql}: {refused:?}");
        }
    }
    assert_eq!((desk.count(&tenant(ACME)).await, desk.count(&tenant(BOLT)).await), (2, 1));
    desk.scratch.admin(&format!("REVOKE INSERT ON tickets FROM {}", desk.scratch.role())).await;
    let denied =
        desk.db.tenant(ACME).repo::<Ticket>().create(NewTicket { title: "x".into() }).await;
    assert!(
        matches!(denied, Err(Error::Backend(_))),
        "a missing privilege is no tenant: {denied:?}"
    );
}

#[tokio::test]
async fn rows_of_all_tenants_are_removed_by_a_session_over_all() {
    let Some(desk) = Desk::open().await else { return };
    let all = desk.pool.within(&Reach::All).unwrap();
    let delete = format!("DELETE FROM tickets WHERE tenant_id = '{BOLT}'");
    let removed = all.run(statement(&delete, &[], Access::Write), &mut no_rows).await;
    assert_eq!(removed.unwrap(), 1);
    assert_eq!((desk.count(&tenant(ACME)).await, desk.count(&tenant(BOLT)).await), (2, 0));
}

#[tokio::test]
async fn many_rows_are_inserted_without_copy() {
    let Some(desk) = Desk::open().await else { return };
    let tickets = desk.db.tenant(ACME).repo::<Ticket>();
    let new = |n: usize| NewTicket { title: n.to_string() };
    let created = tickets.create_many((0..25_000).map(new)).await.unwrap();
    assert!(created.iter().enumerate().all(|(n, ticket)| ticket.title == n.to_string()));
    assert_eq!(desk.count(&tenant(ACME)).await, 25_002);
    assert_eq!(tickets.get(created[24_999].id).await.unwrap(), created[24_999]);
}

#[tokio::test]
async fn rows_are_locked_over_all_tenants() {
    let Some(desk) = Desk::open().await else { return };
    let transaction = desk.db.all_tenants("a test").begin().await.unwrap();
    let locked = transaction.repo::<Ticket>().query().for_update().all().await.unwrap();
    assert_eq!(locked.len(), 3);
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn the_index_that_starts_with_the_tenant_is_still_used() {
    let Some(desk) = Desk::open().await else { return };
    let new = |n: usize| NewTicket { title: n.to_string() };
    for id in (0..20).map(|n| Uuid::from_u128(0x1000 + n)) {
        desk.db.tenant(id).repo::<Ticket>().create_many((0..500).map(new)).await.unwrap();
    }
    desk.scratch.admin("ANALYZE tickets").await;
    let acme = desk.pool.within(&tenant(ACME)).unwrap();
    let key = format!("tenant_id = '{ACME}'");
    for (condition, index) in [
        (format!("{key} AND id = '{ACME}'"), "tickets_pkey"),
        (format!("{key} AND title = '7'"), "tickets_tenant_id_title_idx"),
    ] {
        let sql = format!("EXPLAIN SELECT * FROM tickets WHERE {condition}");
        let mut plan = String::new();
        let mut on_row = |row: &dyn repo_core::backend::Row| {
            plan.push_str(&format!("{:?}\n", row.value(0, Kind::Text)));
            Ok(())
        };
        acme.run(statement(&sql, &[], Access::Read), &mut on_row).await.unwrap();
        assert!(plan.contains(index) && plan.contains("Index Cond: ((tenant_id = "), "{plan}");
    }
}

#[tokio::test]
async fn policies_that_are_missing_are_added_and_the_others_left() {
    let Some(desk) = Desk::open().await else { return };
    let policies = "SELECT string_agg(polname || oid, ' ' ORDER BY polname) FROM pg_policy \
        WHERE polrelid = 'tickets'::regclass";
    let before = read(&desk.pool, policies, &[], Kind::Text).await.unwrap();
    desk.db.create_tables(&schema![Ticket]).await.unwrap();
    assert_eq!(read(&desk.pool, policies, &[], Kind::Text).await.unwrap(), before);
    let drop =
        "DROP POLICY repo_all_tenants ON tickets; ALTER TABLE tickets DISABLE ROW LEVEL SECURITY";
    desk.scratch.admin(drop).await;
    assert_eq!(number(&desk.pool, COUNT).await.unwrap(), 3, "nothing holds");
    desk.db.create_tables(&schema![Ticket]).await.unwrap();
    assert_eq!(number(&desk.pool, COUNT).await.unwrap(), 0);
    assert_eq!(desk.count(&Reach::All).await, 3);
}

#[tokio::test]
async fn a_setting_that_sql_by_hand_left_on_a_connection_shows_no_tenant_more() {
    let Some(desk) = Desk::open().await else { return };
    for (setting, value) in
        [("repo.all_tenants", "on".to_owned()), ("repo.tenant", ACME.to_string())]
    {
        let left = format!("SELECT set_config('{setting}', '{value}', false)");
        run_by_hand(&desk.pool, &left).await;
        assert_eq!(desk.count(&tenant(BOLT)).await, 1, "{setting}");
    }
    assert_eq!(desk.count(&Reach::All).await, 3);
}

#[tokio::test]
async fn a_setting_that_was_left_on_a_connection_shows_a_session_without_a_tenant_nothing() {
    let Some(desk) = Desk::open().await else { return };
    let left = format!("SELECT set_config('repo.tenant', '{ACME}', false)");
    run_by_hand(&desk.pool, &left).await;
    let nobody = desk.db.session();
    let seen = nobody.unchecked_sql("a count").fetch(COUNT, |row| row.get::<i64>(0)).await;
    assert_eq!(seen.unwrap(), [0]);
    let tx = nobody.begin().await.unwrap();
    let seen = tx.unchecked_sql("a count").fetch(COUNT, |row| row.get::<i64>(0)).await;
    assert_eq!(seen.unwrap(), [0]);
    tx.commit().await.unwrap();
}

/// Runs a query on the only connection of the pool, in no tenant's name.
async fn run_by_hand(pool: &Postgres, sql: &str) {
    pool.run(statement(sql, &[], Access::Read), &mut |_| Ok(())).await.unwrap();
}

#[tokio::test]
async fn it_works_through_a_pooler_that_prepares_nothing() {
    let Some(desk) = Desk::open().await else { return };
    let db = secured(&desk.scratch).statement_cache(0).connect().await.unwrap();
    let tickets = db.tenant(ACME).repo::<Ticket>();
    let created = tickets.create(NewTicket { title: "d".into() }).await.unwrap();
    tickets.create_many((0..3).map(|n| NewTicket { title: n.to_string() })).await.unwrap();
    tickets.delete(created.id).await.unwrap();
    assert_eq!(tickets.count().await.unwrap(), 5);
}
