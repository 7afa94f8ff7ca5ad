//! What the server is asked once, when a pool is opened or adopted: whether it keeps and speaks text in UTF-8, for how
//! long it lets a session be idle, and whether it got what the connection was opened with.
//!
//! In another encoding texts are ordered and counted by other bytes than those that the audit trail, cursors and
//! `max_length` go by. Absent: whose policies bind the role (`row_security`).

use std::time::Duration;

use repo_core::{Error, Result};
use sqlx::{PgConnection, Row as _};

use crate::error::Failure;
use crate::statement::run_simple;

const SETTINGS: &str = "SELECT name, setting, source FROM pg_catalog.pg_settings \
    WHERE name IN ('server_encoding', 'client_encoding', 'idle_session_timeout', \
    'client_connection_check_interval')";

const UTF8: &str = "UTF8";

/// Where the server has a setting from that came with the connection, whatever it is otherwise.
const BY_CLIENT: &str = "client";

/// What a server says of itself.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// For how long a session may be idle, where there is a limit.
    pub(crate) longest_idle: Option<Duration>,
    /// Whether what `open.rs` asks for with the connection came here.
    pub(crate) is_request_in_force: bool,
}

/// Refuses a database or connections of another encoding than UTF-8.
pub(crate) async fn check(connection: &mut PgConnection) -> Result<Told, Failure> {
    // In the simple protocol: poolers know no other for sure.
    let settings = sqlx::raw_sql(SETTINGS).fetch_all(connection).await?;
    let mut told = Told::default();
    for row in settings {
        let (name, setting): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        match name.as_str() {
            "idle_session_timeout" => {
                let limit = setting.parse().ok().filter(|limit| *limit > 0);
                told.longest_idle = limit.map(Duration::from_millis);
            }
            "client_connection_check_interval" => {
                told.is_request_in_force = row.try_get::<String, _>(2)? == BY_CLIENT;
            }
            _ if setting == UTF8 => {}
            "server_encoding" => return Err(refused(kept_as(&setting))),
            _ => return Err(refused(spoken(&setting))),
        }
    }
    Ok(told)
}

/// Asks for a transaction and ends it, to see that a pooler lets it be one.
pub(crate) async fn check_transactions(connection: &mut PgConnection) -> Result<(), Failure> {
    // Two messages: of one it would be over before the pooler looks.
    run_simple(connection, "BEGIN").await?;
    run_simple(connection, "ROLLBACK").await
}

fn kept_as(encoding: &str) -> String {
    format!(
        "the database keeps text as {encoding}, which Postgres orders and counts otherwise than UTF-8: \
         restore its dump into one that was created with ENCODING 'UTF8'"
    )
}

fn spoken(encoding: &str) -> String {
    format!(
        "the connections speak {encoding}: leave their `client_encoding` at UTF8, which sqlx asks for"
    )
}

fn refused(reason: String) -> Failure {
    Failure::Core(Error::Configuration { reason })
}
