//! The ways to a database that need no builder: by URL, and from the environment.

use async_trait::async_trait;
use repo_core::{Database, Result, Settings};

use crate::connect::Options;

/// SQLite among the backends that [`repo_core::connect`] chooses from: `sqlite:`.
///
/// ```no_run
/// # async fn connect() -> repo_core::Result<()> {
/// let db = repo_core::connect("sqlite://desk.db", &[&repo_sqlite::Driver]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Driver;

#[async_trait]
impl repo_core::Driver for Driver {
    fn schemes(&self) -> &'static [&'static str] {
        &["sqlite"]
    }

    async fn connect(&self, url: &str, settings: &Settings) -> Result<Database> {
        Options::new(url)?.settings(settings).connect().await
    }
}

/// Opens the database at `url`, with the defaults of [`Options`].
///
/// ```no_run
/// # async fn connect() -> repo_core::Result<()> {
/// let db = repo_sqlite::connect("sqlite://desk.db").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// As for [`Options::new`] and [`Options::connect`].
pub async fn connect(url: &str) -> Result<Database> {
    Options::new(url)?.connect().await
}

/// Opens the database at the URL in `DATABASE_URL`, with `DB_POOL_SIZE` connections and waiting
/// `DB_POOL_TIMEOUT` seconds for one, where they are set.
///
/// # Errors
///
/// [`Error::Configuration`](repo_core::Error::Configuration): `DATABASE_URL` is not set or is not one of
/// SQLite, or a setting is not a number. Otherwise as for [`Options::connect`].
pub async fn connect_from_env() -> Result<Database> {
    repo_core::connect_from_env(&[&Driver]).await
}
