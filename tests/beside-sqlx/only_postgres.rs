//! What is Postgres' own: pools of the repositories lend too, statements that are not kept, row-level security.

use std::sync::Arc;

use repo_core::testing::Recorder;
use repo_core::{Database, Error, Session, schema};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool};

use crate::notes::{ACME, BOLT, LEGACY, Note, acme, note, texts};
use crate::on_postgres::{in_schema, in_schema_as_role, join, lend, numbers, put, run};

const SETTINGS: &str = "SELECT coalesce(current_setting('repo.tenant', true), '') \
    || coalesce(current_setting('repo.all_tenants', true), '')";

#[tokio::test]
async fn a_pool_of_the_repositories_lends_its_connections_too() {
    in_schema(async |url: String| {
        let db = repo_postgres::Options::new(&url).unwrap().pool_size(1).connect().await.unwrap();
        db.create_tables(&schema![Note]).await.unwrap();
        let acme = acme(&db);
        for n in 0..3 {
            let tx = acme.begin().await.unwrap();
            tx.repo::<Note>().create(note(&n.to_string())).await.unwrap();
            lend(tx.unchecked_sql("legacy numbers"), async |connection| {
                let table = LEGACY.replace("TABLE", "TABLE IF NOT EXISTS");
                sqlx::raw_sql(AssertSqlSafe(table)).execute(&mut *connection).await?;
                put(connection, n).await
            })
            .await
            .unwrap();
            tx.commit().await.unwrap();
        }
        assert_eq!(texts(&acme).await, ["0", "1", "2"]);
        db.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_pool_whose_connections_speak_another_encoding_is_not_adopted() {
    in_schema(async |url: String| {
        let pool = PgPoolOptions::new().max_connections(1).after_connect(|connection, _| {
            Box::pin(async move {
                sqlx::raw_sql("SET client_encoding = 'LATIN1'").execute(connection).await.map(drop)
            })
        });
        let pool = pool.connect(&url).await.unwrap();
        match repo_postgres::adopt(pool.clone()).await.unwrap_err() {
            Error::Configuration { reason } => assert!(reason.contains("LATIN1"), "{reason}"),
            error => panic!("{error:?}"),
        }
        pool.close().await;
    })
    .await;
}

#[tokio::test]
async fn statements_are_not_kept_where_the_pool_keeps_none() {
    in_schema(async |url: String| {
        let options: PgConnectOptions = url.parse().unwrap();
        let options = options.statement_cache_capacity(0);
        let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
        let db = repo_postgres::adopt(pool.clone()).await.unwrap();
        db.create_tables(&schema![Note]).await.unwrap();
        let acme = acme(&db);
        acme.repo::<Note>().create(note("a")).await.unwrap();
        assert_eq!(texts(&acme).await, ["a"]);
        let mut tx = pool.begin().await.unwrap();
        let joined =
            join(&acme, &mut tx, async |session| session.repo::<Note>().create(note("b")).await);
        let joined = joined.await.unwrap();
        assert_eq!(kept(&mut tx).await, 0);
        tx.commit().await.unwrap();
        joined.committed().await;
        pool.close().await;
    })
    .await;
}

#[tokio::test]
async fn nor_where_the_server_keeps_tenants_apart() {
    in_schema_as_role(async |_, as_role: PgConnectOptions| {
        let options = as_role.statement_cache_capacity(0);
        let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
        let db = repo_postgres::Adopt::new(pool.clone()).row_level_security(true);
        let db = db.connect().await.unwrap();
        db.create_tables(&schema![Note]).await.unwrap();
        let acme = acme(&db);
        let mut tx = pool.begin().await.unwrap();
        let joined =
            join(&acme, &mut tx, async |session| session.repo::<Note>().create(note("a")).await);
        joined.await.unwrap().rolled_back();
        assert_eq!(kept(&mut tx).await, 0);
        tx.rollback().await.unwrap();
        pool.close().await;
    })
    .await;
}

/// How many statements a connection of the options has prepared after a join with the database.
async fn kept_after_join(db: &Database, options: PgConnectOptions) -> i64 {
    let mut connection = PgConnection::connect_with(&options).await.unwrap();
    sqlx::query("SELECT 1").execute(&mut connection).await.unwrap();
    // What the application has prepared is not counted.
    sqlx::raw_sql("DEALLOCATE ALL").execute(&mut connection).await.unwrap();
    let mut tx = connection.begin().await.unwrap();
    let work = async |session: &Session<_>| session.repo::<Note>().create(note("a")).await;
    join(&acme(db), &mut tx, work).await.unwrap().rolled_back();
    kept(&mut tx).await
}

#[tokio::test]
async fn statements_are_kept_on_a_joined_connection_only_where_it_keeps_some() {
    in_schema(async |url: String| {
        let backend = repo_postgres::Options::new(&url).unwrap().connect_backend().await.unwrap();
        let own = Database::new(Arc::new(backend.clone()));
        own.create_tables(&schema![Note]).await.unwrap();
        let wrapped = Database::new(Arc::new(Recorder::new(Arc::new(backend))));
        let options: PgConnectOptions = url.parse().unwrap();
        for db in [own, wrapped] {
            let none = options.clone().statement_cache_capacity(0);
            assert_eq!(kept_after_join(&db, none).await, 0);
            assert!(kept_after_join(&db, options.clone()).await > 0);
        }
    })
    .await;
}

/// How many statements the connection has prepared.
async fn kept(connection: &mut PgConnection) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM pg_prepared_statements WHERE name <> ''")
        .persistent(false)
        .fetch_one(connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_server_keeps_tenants_apart_on_an_adopted_pool() {
    in_schema_as_role(async |url: String, as_role: PgConnectOptions| {
        let pool = PgPoolOptions::new().max_connections(1).connect_with(as_role).await.unwrap();
        let superusers = PgPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
        let refused = repo_postgres::Adopt::new(superusers.clone()).row_level_security(true);
        let refused = refused.connect().await;
        assert!(matches!(refused, Err(Error::Configuration { .. })), "{refused:?}");
        tenants_apart(&pool).await;
        let db = repo_postgres::Adopt::new(pool.clone()).row_level_security(true);
        let acme = acme(&db.connect().await.unwrap());
        let mut tx = superusers.begin().await.unwrap();
        let refused = join(&acme, &mut tx, async |_| Ok::<_, Error>(())).await;
        assert!(matches!(refused, Err(Error::Configuration { .. })), "{refused:?}");
        drop(tx);
        superusers.close().await;
        pool.close().await;
    })
    .await;
}

async fn tenants_apart(pool: &PgPool) {
    let db = repo_postgres::Adopt::new(pool.clone()).row_level_security(true);
    let db = db.connect().await.unwrap();
    db.create_tables(&schema![Note]).await.unwrap();
    let acme = acme(&db);
    acme.repo::<Note>().create(note("a")).await.unwrap();
    db.tenant(BOLT).actor("bob").repo::<Note>().create(note("b")).await.unwrap();
    let count = async |connection: &mut PgConnection| {
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM notes").fetch_one(connection).await
    };
    // Nobody's transaction sees nobody's rows; a lent one sees its tenant's, whatever was set by hand before.
    let tx = acme.begin().await.unwrap();
    let seen = lend(tx.unchecked_sql("a count"), async |connection| {
        let seen = count(connection).await?;
        let other = format!("SET LOCAL repo.tenant = '{BOLT}'");
        sqlx::raw_sql(AssertSqlSafe(other)).execute(connection).await?;
        Ok(seen)
    });
    assert_eq!(seen.await.unwrap(), 1);
    assert_eq!(tx.repo::<Note>().count().await.unwrap(), 1);
    tx.commit().await.unwrap();

    let mut tx = pool.begin().await.unwrap();
    assert_eq!(count(&mut tx).await.unwrap(), 0);
    let joined = join(&acme, &mut tx, async |session| {
        session.repo::<Note>().create(note("c")).await?;
        session.repo::<Note>().count().await
    });
    let joined = joined.await.unwrap();
    assert_eq!(*joined.value(), 2);
    let said: String = sqlx::query_scalar(SETTINGS).fetch_one(&mut *tx).await.unwrap();
    assert_eq!(said, "");
    assert_eq!(count(&mut tx).await.unwrap(), 0);
    let own = format!("SET LOCAL repo.tenant = '{ACME}'");
    sqlx::raw_sql(AssertSqlSafe(own)).execute(&mut *tx).await.unwrap();
    let bolt = db.tenant(BOLT).actor("bob");
    let others = join(&bolt, &mut tx, async |session| session.repo::<Note>().count().await);
    assert_eq!(*others.await.unwrap().value(), 1);
    let said: String = sqlx::query_scalar(SETTINGS).fetch_one(&mut *tx).await.unwrap();
    assert_eq!(said, ACME.to_string());
    tx.commit().await.unwrap();
    joined.committed().await;
    assert_eq!(texts(&acme).await, ["a", "c"]);
}

#[tokio::test]
async fn a_failed_transaction_cannot_be_joined() {
    run(1, async |pool: PgPool, db| {
        let acme = acme(&db);
        let mut tx = pool.begin().await.unwrap();
        sqlx::query("SELECT nothing FROM nowhere").execute(&mut *tx).await.unwrap_err();
        let refused = join(&acme, &mut tx, async |_| Ok::<_, Error>(())).await;
        assert!(matches!(refused, Err(Error::TransactionFailed { .. })), "{refused:?}");
        put(&mut tx, 1).await.expect_err("it has failed still");
        tx.rollback().await.unwrap();
        assert!(numbers(&mut pool.acquire().await.unwrap()).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_follows_a_transaction_that_could_not_be_joined_is_not_kept() {
    run(1, async |pool: PgPool, db| {
        let acme = acme(&db);
        for sql in ["ROLLBACK", "SELECT nothing FROM nowhere"] {
            let mut tx = pool.begin().await.unwrap();
            let mut inner = tx.begin().await.unwrap();
            let _ = sqlx::raw_sql(sql).execute(&mut *inner).await;
            let refused = join(&acme, &mut inner, async |_| Ok::<_, Error>(())).await;
            assert!(matches!(refused, Err(Error::TransactionFailed { .. })), "{refused:?}");
            put(&mut inner, 1).await.expect_err("nothing is possible but a rollback");
            let _ = inner.rollback().await;
            let _ = put(&mut tx, 2).await;
            tx.rollback().await.unwrap();
            assert!(numbers(&mut pool.acquire().await.unwrap()).await.unwrap().is_empty());
        }
    })
    .await;
}
