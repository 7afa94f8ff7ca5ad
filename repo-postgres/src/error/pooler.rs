//! What poolers refuse, however often it is tried: by their words, as their state is that of a lost connection.

use repo_core::Error;
use sqlx::postgres::PgDatabaseError;

use super::one_line;

/// protocol_violation, by which poolers say anything.
const STATE: &str = "08P01";

/// Said of what a connection is opened with.
pub(crate) const OF_POOLERS: &str = "startup parameter";

/// Said of a transaction where each statement has another server connection.
const NO_TRANSACTIONS: &str = "transaction blocks not allowed";

/// The error of a setting that the pooler before the server does not go with, and what to do.
pub(super) fn refusal(error: &PgDatabaseError) -> Option<Error> {
    if error.code() != STATE {
        return None;
    }
    let message = one_line(error.message());
    let help = if message.contains(NO_TRANSACTIONS) {
        "operations need transactions: use `pool_mode = transaction` or `session`"
    } else if !message.contains(OF_POOLERS) {
        return None;
    } else if message.contains("extra_float_digits") {
        "leave it out with `PgConnectOptions::extra_float_digits(None)`"
    } else {
        "leave `options` out of the URL and of `PGOPTIONS`, and `lock_timeout` out of `Options`, and set what they \
         say for the role: ALTER ROLE .. SET search_path = .."
    };
    Some(Error::Configuration {
        reason: format!("the pooler before the server refuses it ({message}): {help}"),
    })
}
