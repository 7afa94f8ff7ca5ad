//! A database of its own with two schemas: one as every other benchmark has it, and one with policies, of
//! a role that they bind.

use benches::{Result, Ticket};
use repo_core::{Database, schema};
use repo_postgres::Options;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

use crate::work::Side;

/// The database and the role.
const NAME: &str = "repo_benches_policies";

pub(crate) struct Server {
    admin: PgConnectOptions,
    plain: String,
    secured: String,
}

impl Server {
    pub(crate) async fn prepare(url: &str) -> Result<Self> {
        let admin: PgConnectOptions = url.parse()?;
        let server = Self {
            plain: in_schema(&admin.clone().database(NAME), "plain"),
            secured: in_schema(
                &admin.clone().database(NAME).username(NAME).password(NAME),
                "secured",
            ),
            admin,
        };
        server.remove().await?;
        server.execute(&format!("CREATE ROLE {NAME} LOGIN PASSWORD '{NAME}'")).await?;
        server.execute(&format!("CREATE DATABASE {NAME}")).await?;
        server.execute(&format!("ALTER DATABASE {NAME} SET synchronous_commit = off")).await?;
        let mut inside = PgConnection::connect_with(&server.admin.clone().database(NAME)).await?;
        let schemas = format!("CREATE SCHEMA plain; CREATE SCHEMA secured AUTHORIZATION {NAME}");
        sqlx::raw_sql(AssertSqlSafe(schemas)).execute(&mut inside).await?;
        Ok(server)
    }

    /// What is measured, and what it is compared with.
    pub(crate) async fn sides(&self) -> Result<[Side; 3]> {
        let plain = open(Options::new(&self.plain)?).await?;
        let secured = open(Options::new(&self.secured)?.row_level_security(true)).await?;
        let mut sides = [
            Side::new("with row-level security", secured, false).await?,
            Side::new("without", plain.clone(), false).await?,
            Side::new("without, each in a transaction", plain, true).await?,
        ];
        let mut inside = PgConnection::connect_with(&self.admin.clone().database(NAME)).await?;
        sqlx::raw_sql("VACUUM ANALYZE").execute(&mut inside).await?;
        for side in &mut sides {
            side.warm_up().await?;
        }
        Ok(sides)
    }

    pub(crate) async fn remove(&self) -> Result<()> {
        self.execute(&format!("DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")).await?;
        self.execute(&format!("DROP ROLE IF EXISTS {NAME}")).await
    }

    async fn execute(&self, sql: &str) -> Result<()> {
        let mut connection = PgConnection::connect_with(&self.admin).await?;
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
        Ok(())
    }
}

fn in_schema(options: &PgConnectOptions, schema: &str) -> String {
    let url = options.to_url_lossy();
    let separator = if url.query().is_some() { '&' } else { '?' };
    format!("{url}{separator}options=-c%20search_path%3D{schema}")
}

async fn open(options: Options) -> Result<Database> {
    let database = options.pool_size(2).connect().await?;
    database.create_tables(&schema![Ticket]).await?;
    Ok(database)
}
