//! What the server is asked once, when a pool is opened or adopted: whether it keeps and speaks text in UTF-8, and for
//! how long it lets a session be idle.
//!
//! In another encoding texts are ordered and counted by other bytes than those that the audit trail, cursors and
//! `max_length` go by. Absent: whose policies bind the role (`row_security`).

use std::time::Duration;

use repo_core::{Error, Result};
use sqlx::{PgConnection, Row as _};

use crate::error::Failure;

const SETTINGS: &str = "SELECT name, setting FROM pg_catalog.pg_settings \
    WHERE name IN ('server_encoding', 'client_encoding', 'idle_session_timeout')";

const UTF8: &str = "UTF8";

/// Refuses a database or connections of another encoding than UTF-8. Returns for how long a session may be idle, where
/// there is a limit.
pub(crate) async fn check(connection: &mut PgConnection) -> Result<Option<Duration>, Failure> {
    // In the simple protocol: poolers know no other for sure.
    let settings = sqlx::raw_sql(SETTINGS).fetch_all(connection).await?;
    let mut longest = None;
    for row in settings {
        let (name, setting): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        match name.as_str() {
            "idle_session_timeout" => longest = setting.parse().ok().filter(|limit| *limit > 0),
            _ if setting == UTF8 => {}
            "server_encoding" => return Err(refused(kept_as(&setting))),
            _ => return Err(refused(spoken(&setting))),
        }
    }
    Ok(longest.map(Duration::from_millis))
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
