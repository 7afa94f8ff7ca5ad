//! One statement on a connection, tried again while another process holds the database.

use repo_core::{OnRow, Result, Statement};

use crate::busy::Patience;
use crate::pool::Checkout;
use crate::statement::{self, OnError};

/// Runs `statement` and returns the rows affected.
pub(crate) async fn run(
    checkout: &mut Checkout,
    statement: Statement<'_>,
    on_row: OnRow<'_>,
    on_error: OnError,
) -> Result<u64> {
    let mut patience = Patience::new(checkout.busy_timeout());
    loop {
        let mut handed_over = 0;
        let connection = checkout.connection();
        let failure = match statement::run(
            connection,
            &statement,
            &mut *on_row,
            on_error,
            &mut handed_over,
        ) {
            Ok(affected) => return Ok(affected),
            Err(failure) => failure,
        };
        // A row that was handed over cannot be taken back.
        if handed_over > 0 || !failure.is_busy() || !patience.wait().await {
            return Err(failure.into_error(statement.table));
        }
    }
}
