//! Tables that a migration alters beside, on an adopted pool and in joined transactions of Postgres.

use repo_core::{Database, Error, Result, Session, Tenant, schema};
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool};
use uuid::Uuid;

use crate::notes::{Note, acme, note};
use crate::on_postgres::{in_schema, in_schema_as_role, join};

const CONNECTIONS: u32 = 3;

type Acting = Session<Tenant<Uuid>>;

/// Does it on each connection of the pool, and returns the errors.
async fn on_each(pool: &PgPool, work: impl AsyncFn() -> Result<()>) -> Vec<Error> {
    let (mut held, mut errors) = (Vec::new(), Vec::new());
    for _ in 0..CONNECTIONS {
        errors.extend(work().await.err());
        // sqlx gives connections back in a task of their own.
        while pool.num_idle() == 0 && pool.size() == CONNECTIONS {
            tokio::task::yield_now().await;
        }
        held.push(pool.acquire().await.unwrap());
    }
    drop(held);
    while pool.num_idle() < pool.size() as usize {
        tokio::task::yield_now().await;
    }
    errors
}

/// The errors of what was done on each connection before the table is altered, and after.
async fn altered(url: &str, pool: &PgPool, work: impl AsyncFn() -> Result<()>) -> Vec<Error> {
    let before = on_each(pool, &work).await;
    assert!(before.is_empty(), "{before:?}");
    let mut beside = PgConnection::connect(url).await.unwrap();
    let length: i32 = sqlx::query_scalar(
        "SELECT greatest(atttypmod, 100) FROM pg_attribute \
         WHERE attrelid = 'notes'::regclass AND attname = 'text'",
    )
    .fetch_one(&mut beside)
    .await
    .unwrap();
    let alter = format!("ALTER TABLE notes ALTER text TYPE varchar({length})");
    sqlx::raw_sql(AssertSqlSafe(alter)).execute(&mut beside).await.unwrap();
    on_each(pool, &work).await
}

async fn opened(db: &Database) -> (Acting, Uuid) {
    db.create_tables(&schema![Note]).await.unwrap();
    let acme = acme(db);
    let id = acme.repo::<Note>().create(note("a")).await.unwrap().id;
    (acme, id)
}

fn assert_once(errors: &[Error]) {
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(matches!(errors[0], Error::Serialization { .. }) && errors[0].is_retryable());
}

#[tokio::test]
async fn a_transaction_on_an_adopted_pool_meets_it_once() {
    in_schema(async |url: String| {
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect(&url).await.unwrap();
        let (acme, id) = opened(&repo_postgres::adopt(pool.clone()).await.unwrap()).await;
        let work = async || {
            let tx = acme.begin().await?;
            tx.repo::<Note>().get(id).await?;
            tx.commit().await
        };
        assert_once(&altered(&url, &pool, work).await);
        pool.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_joined_transaction_meets_it_once() {
    in_schema(async |url: String| {
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect(&url).await.unwrap();
        let (acme, id) = opened(&repo_postgres::adopt(pool.clone()).await.unwrap()).await;
        let work = async || {
            let mut tx = pool.begin().await.unwrap();
            let read = async |session: &Acting| session.repo::<Note>().get(id).await.map(drop);
            let joined = join(&acme, &mut tx, read).await;
            match joined {
                Ok(joined) => {
                    tx.commit().await.unwrap();
                    joined.committed().await;
                    Ok(())
                }
                Err(error) => {
                    tx.rollback().await.unwrap();
                    Err(error)
                }
            }
        };
        assert_once(&altered(&url, &pool, work).await);
        pool.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_operation_under_row_level_security_does_not_meet_it() {
    in_schema_as_role(async |url: String, as_role| {
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect_with(as_role);
        let pool = pool.await.unwrap();
        let db = repo_postgres::Adopt::new(pool.clone()).row_level_security(true);
        let (acme, id) = opened(&db.connect().await.unwrap()).await;
        let work = async || acme.repo::<Note>().get(id).await.map(drop);
        let errors = altered(&url, &pool, work).await;
        assert!(errors.is_empty(), "{errors:?}");
        pool.close().await;
    })
    .await;
}
