//! Choosing a backend by URL, where an application links several.

use std::env::VarError;
use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use crate::database::Database;
use crate::error::{Error, Result};

/// A backend that is reached by URL: `repo_sqlite::Driver`, `repo_postgres::Driver`.
#[async_trait]
pub trait Driver: Debug + Send + Sync {
    /// The schemes of its URLs, without the colon.
    fn schemes(&self) -> &'static [&'static str];

    /// Connects.
    ///
    /// # Errors
    ///
    /// [`Error::Configuration`]: the URL means nothing. [`Error::Connection`]: there is no such
    /// database, or it cannot be reached.
    async fn connect(&self, url: &str, settings: &Settings) -> Result<Database>;
}

/// What every backend can be told beside its URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Settings {
    /// The most connections; the backend's default when `None`.
    pub pool_size: Option<usize>,
    /// How long an operation waits for a connection; the backend's default when `None`.
    pub pool_timeout: Option<Duration>,
}

/// Connects to `url` with the one of `drivers` that knows its scheme.
///
/// # Errors
///
/// [`Error::Configuration`]: no driver knows the scheme.
pub async fn connect(url: &str, drivers: &[&dyn Driver]) -> Result<Database> {
    connect_with(url, &Settings::default(), drivers).await
}

/// Connects to the URL in the environment's `DATABASE_URL`, with `DB_POOL_SIZE` connections and
/// waiting `DB_POOL_TIMEOUT` seconds for one, where they are set.
///
/// # Errors
///
/// [`Error::Configuration`]: `DATABASE_URL` is not set or is not UTF-8, or a setting is not a number.
pub async fn connect_from_env(drivers: &[&dyn Driver]) -> Result<Database> {
    let url = variable("DATABASE_URL")?.ok_or_else(|| {
        configuration("`DATABASE_URL` is not set: for instance `sqlite://app.db`".to_owned())
    })?;
    connect_with(&url, &Settings::from_env()?, drivers).await
}

/// As [`connect`], with settings.
///
/// # Errors
///
/// As for [`connect`].
pub async fn connect_with(
    url: &str,
    settings: &Settings,
    drivers: &[&dyn Driver],
) -> Result<Database> {
    let scheme = url.split(':').next().unwrap_or_default();
    match drivers.iter().find(|driver| driver.schemes().contains(&scheme)) {
        Some(driver) => driver.connect(url, settings).await,
        None => Err(unknown_scheme(url, scheme, drivers)),
    }
}

impl Settings {
    /// The backend's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// With at most this many connections.
    #[must_use]
    pub fn pool_size(mut self, size: usize) -> Self {
        self.pool_size = Some(size);
        self
    }

    /// Waiting at most this long for a connection.
    #[must_use]
    pub fn pool_timeout(mut self, timeout: Duration) -> Self {
        self.pool_timeout = Some(timeout);
        self
    }

    /// `DB_POOL_SIZE` and `DB_POOL_TIMEOUT` (seconds, a fraction allowed) of the environment.
    ///
    /// # Errors
    ///
    /// [`Error::Configuration`]: one of them is set, and is not a number above 0.
    pub fn from_env() -> Result<Self> {
        let pool_size = number("DB_POOL_SIZE", "a whole number above 0", |text| {
            text.parse().ok().filter(|size: &usize| *size > 0)
        })?;
        let pool_timeout = number("DB_POOL_TIMEOUT", "a number of seconds above 0", |text| {
            let seconds: f64 = text.parse().ok()?;
            Duration::try_from_secs_f64(seconds).ok().filter(|timeout| !timeout.is_zero())
        })?;
        Ok(Self { pool_size, pool_timeout })
    }
}

/// The scheme alone: the rest of a URL may hold a password.
fn unknown_scheme(url: &str, scheme: &str, drivers: &[&dyn Driver]) -> Error {
    let known: Vec<String> = drivers
        .iter()
        .flat_map(|driver| driver.schemes())
        .map(|scheme| format!("`{scheme}:`"))
        .collect();
    let known = known.join(", ");
    configuration(if url.contains(':') && !scheme.is_empty() {
        format!("no database driver for `{scheme}:`; this program knows {known}")
    } else {
        format!("the database URL has no scheme; this program knows {known}")
    })
}

fn number<T>(name: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
    let Some(text) = variable(name)? else { return Ok(None) };
    match parse(text.trim()) {
        Some(value) => Ok(Some(value)),
        None => Err(configuration(format!("`{name}` is not {expected}: {text:?}"))),
    }
}

/// What a variable is set to. Of what is no text nothing is shown: it may be a password.
fn variable(name: &str) -> Result<Option<String>> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(configuration(format!("`{name}` is not UTF-8"))),
    }
}

fn configuration(reason: String) -> Error {
    Error::Configuration { reason }
}
