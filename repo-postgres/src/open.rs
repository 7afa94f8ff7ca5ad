//! Opening a connection, and what it tells of a pooler between.
//!
//! The server is asked to look every second whether whoever waits for a statement is still there: otherwise a
//! statement that waits for a lock goes on waiting when its future is dropped and its connection closed, and the
//! server has more connections than the pool. The request is a parameter of the connection, so it costs nothing.
//! Where it is refused, by a server before 14 or a pooler, the connection is opened without it, and so are all later ones.
//!
//! A pooler refuses the request or drops it, and a server does neither: so it is known, when the pool is opened, whether
//! there is one. A pooler may give each transaction another server connection, whose prepared statements are those of
//! others under the same names: unless the application said how many are kept, none is then.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use repo_core::{DatabaseError, Error, Result};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};
use tokio::time::{Instant, sleep, timeout_at};

use crate::error::{Failure, OF_POOLERS, SOME_ROW};

/// The server's setting, in milliseconds. What the URL says of it is left as it is.
const CHECK: &str = "client_connection_check_interval";
const EACH: u32 = 1_000;

/// How many statements a connection keeps prepared where nobody says it.
const STATEMENTS: usize = 128;

/// What a server that is starting says.
const STARTING: &str = "57P03";

/// What one says that has as many connections as it takes.
const FULL: &str = "53300";

/// What a server says of a parameter that it does not know, or cannot have: undefined_object, invalid_parameter_value.
const OF_SERVERS: &[&str] = &["42704", "22023"];

/// feature_not_supported, which some poolers say of any parameter.
const NOT_SUPPORTED: &str = "0A000";

/// How connections are opened.
pub(crate) struct Opener {
    plain: PgConnectOptions,
    /// With the request.
    asking: PgConnectOptions,
    is_refused: AtomicBool,
    /// How many statements each connection keeps prepared, where the application said it.
    statements: Option<usize>,
    /// Whether a pooler is between: decided when the pool is opened.
    pooler: OnceLock<bool>,
}

impl Opener {
    pub(crate) fn new(plain: PgConnectOptions, statements: Option<usize>) -> Self {
        let asking = match plain.get_options() {
            Some(options) if options.contains(CHECK) => plain.clone(),
            _ => plain.clone().options([(CHECK, EACH)]),
        };
        let is_refused = AtomicBool::new(false);
        Self { plain, asking, is_refused, statements, pooler: OnceLock::new() }
    }

    /// Decides whether a pooler is between, by whether the server has the request in force, and says so in the log.
    pub(crate) fn decide(&self, is_in_force: bool) -> bool {
        let is_dropped = !is_in_force && !self.is_refused.load(Ordering::Relaxed);
        let has_pooler = *self.pooler.get_or_init(|| is_dropped);
        match self.statements {
            None if has_pooler => tracing::info!(
                target: "repo",
                "a pooler is before the server: no statement is kept prepared, and each operation is a transaction"
            ),
            Some(statements @ 1..) if has_pooler => tracing::warn!(
                target: "repo",
                statements,
                "a pooler is before the server, and statements are kept prepared, as `statement_cache` says: if it gives \
                 each transaction another server connection and does not know prepared statements, the wrong ones are run"
            ),
            _ => {}
        }
        has_pooler
    }

    /// How many statements each connection keeps prepared.
    pub(crate) fn statements(&self) -> usize {
        match self.pooler.get() {
            Some(true) => self.statements.unwrap_or(0),
            _ => self.statements.unwrap_or(STATEMENTS),
        }
    }

    /// Connects within `most`, waiting for a server that says that it is starting or full. What it said so is told where
    /// the time ends before it says anything else.
    pub(crate) async fn open(&self, most: Duration) -> Result<PgConnection> {
        let mut pause = Duration::from_millis(10);
        let end = Instant::now() + most;
        let mut said = None;
        while let Ok(answer) = timeout_at(end, self.attempt()).await {
            let failure = match answer {
                Ok(connection) => return Ok(connection),
                Err(failure) => failure,
            };
            let is_for_now =
                state(&failure).is_some_and(|state| state == STARTING || state == FULL);
            if !is_for_now || Instant::now() + pause >= end {
                return Err(failure.into_error(SOME_ROW));
            }
            said = Some(failure);
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
        Err(said.map_or_else(|| no_answer(most), |failure| failure.into_error(SOME_ROW)))
    }

    async fn attempt(&self) -> Result<PgConnection, Failure> {
        if self.is_refused.load(Ordering::Relaxed) {
            return self.connect(&self.plain).await;
        }
        match self.connect(&self.asking).await {
            Err(Failure::Driver(error)) if is_of_a_parameter(&error) => {
                let has_pooler = is_of_a_pooler(&error);
                if has_pooler && !self.pooler.get_or_init(|| true) && self.statements.is_none() {
                    // Statements are kept, and who is about to run one knows no better.
                    return Err(Failure::Core(came_later()));
                }
                let connection = self.connect(&self.plain).await?;
                self.is_refused.store(true, Ordering::Relaxed);
                tracing::debug!(target: "repo", setting = CHECK, has_pooler, "not known to the server, or to a pooler before it");
                Ok(connection)
            }
            answered => answered,
        }
    }

    async fn connect(&self, options: &PgConnectOptions) -> Result<PgConnection, Failure> {
        let options = options.clone().statement_cache_capacity(self.statements());
        Ok(options.connect().await?)
    }
}

fn is_of_a_parameter(error: &sqlx::Error) -> bool {
    let Some(said) = error.as_database_error() else { return false };
    let is_told = [CHECK, OF_POOLERS].iter().any(|words| said.message().contains(words));
    is_told || said.code().is_some_and(|code| code == NOT_SUPPORTED || OF_SERVERS.contains(&&*code))
}

/// Whether what a parameter is refused with is not what a server says.
fn is_of_a_pooler(error: &sqlx::Error) -> bool {
    let Some(said) = error.as_database_error() else { return false };
    said.message().contains(OF_POOLERS)
        || !said.code().is_some_and(|code| OF_SERVERS.contains(&&*code))
}

fn no_answer(most: Duration) -> Error {
    let message = format!("the server did not answer within {most:?}");
    Error::Connection { source: DatabaseError::new(message) }
}

fn came_later() -> Error {
    let reason = "a pooler is before the server, and was not when the database was opened, so that statements are \
                  kept prepared: open it anew, or say what `statement_cache` is to be";
    Error::Configuration { reason: reason.to_owned() }
}

fn state(failure: &Failure) -> Option<String> {
    let Failure::Driver(error) = failure else { return None };
    error.as_database_error()?.code().map(|state| state.into_owned())
}

/// Leaves out the options, which hold the password.
impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener")
            .field("is_refused", &self.is_refused)
            .field("statements", &self.statements())
            .field("pooler", &self.pooler)
            .finish_non_exhaustive()
    }
}
