//! Opening a connection.
//!
//! The server is asked to look every second whether whoever waits for a statement is still there: otherwise a
//! statement that waits for a lock goes on waiting when its future is dropped and its connection closed, and the
//! server has more connections than the pool. The request is a parameter of the connection, so it costs nothing.
//! Where it is refused, by a server before 14 or a pooler, the connection is opened without it, and so are all later ones.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use repo_core::Result;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};
use tokio::time::{Instant, sleep};

use crate::error;

/// The server's setting, in milliseconds. What the URL says of it is left as it is.
const CHECK: &str = "client_connection_check_interval";
const EACH: u32 = 1_000;

/// What a server that is starting says.
const STARTING: &str = "57P03";

/// What one says that has as many connections as it takes.
const FULL: &str = "53300";

/// What is said of a parameter: undefined_object, invalid_parameter_value, feature_not_supported.
const OF_A_PARAMETER: &[&str] = &["42704", "22023", "0A000"];

/// What poolers say, with a state that means other things too.
const OF_POOLERS: &str = "startup parameter";

/// How connections are opened.
pub(crate) struct Opener {
    plain: PgConnectOptions,
    /// With the request.
    asking: PgConnectOptions,
    is_refused: AtomicBool,
}

impl Opener {
    pub(crate) fn new(plain: PgConnectOptions) -> Self {
        let asking = match plain.get_options() {
            Some(options) if options.contains(CHECK) => plain.clone(),
            _ => plain.clone().options([(CHECK, EACH)]),
        };
        Self { plain, asking, is_refused: AtomicBool::new(false) }
    }

    /// Connects, waiting for a server that says that it is starting or full, for about as long as `most`.
    pub(crate) async fn open(&self, most: Duration) -> Result<PgConnection> {
        let mut pause = Duration::from_millis(10);
        let started = Instant::now();
        loop {
            let error = match self.attempt().await {
                Ok(connection) => return Ok(connection),
                Err(error) => error,
            };
            let is_for_now = state(&error).is_some_and(|state| state == STARTING || state == FULL);
            if !is_for_now || started.elapsed() + pause >= most {
                return Err(error::into_error(error, error::SOME_ROW));
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }

    async fn attempt(&self) -> Result<PgConnection, sqlx::Error> {
        if self.is_refused.load(Ordering::Relaxed) {
            return self.plain.connect().await;
        }
        match self.asking.connect().await {
            Err(error) if is_of_a_parameter(&error) => {
                let connection = self.plain.connect().await?;
                self.is_refused.store(true, Ordering::Relaxed);
                tracing::debug!(target: "repo", setting = CHECK, "not known to the server, or to a pooler before it");
                Ok(connection)
            }
            answered => answered,
        }
    }
}

fn is_of_a_parameter(error: &sqlx::Error) -> bool {
    let Some(said) = error.as_database_error() else { return false };
    let is_told = [CHECK, OF_POOLERS].iter().any(|words| said.message().contains(words));
    is_told || said.code().is_some_and(|code| OF_A_PARAMETER.contains(&&*code))
}

fn state(error: &sqlx::Error) -> Option<String> {
    error.as_database_error()?.code().map(|state| state.into_owned())
}

/// Leaves out the options, which hold the password.
impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener").field("is_refused", &self.is_refused).finish_non_exhaustive()
    }
}
