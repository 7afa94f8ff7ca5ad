//! One statement on a connection: on which thread, and again while another process holds the database.
//!
//! A statement that is known to be short, or may be left in time, runs on the calling thread; a long one on
//! another. One that reads is left when its time is over and runs again there, from the same
//! snapshot, behind the rows that were handed over. Of SQL by hand nobody knows that it has the same rows again, in
//! the same order: it is not left behind its first row. One that writes is not left within a transaction: SQLite would
//! undo all of it.

pub(crate) mod busy;
pub(crate) mod control;
pub(crate) mod offload;
pub(crate) mod shapes;
pub(crate) mod threads;
pub(crate) mod turns;

use std::time::{Duration, Instant};

use repo_core::Result;
use repo_core::backend::{Access, OnRow, Statement};

use crate::error::Failure;
use crate::pool::checkout::Checkout;
use crate::row::StoredRow;
use crate::run::busy::Patience;
use crate::run::control::Limit;
use crate::run::shapes::{Shape, Speed};
use crate::statement::{self, OnError, execute, step};

/// How long a statement may hold a thread of the runtime.
pub(crate) const TIME: Duration = Duration::from_micros(750);
/// The rows between two looks at the clock.
const ROWS: u64 = 8;

/// Runs `statement` and returns the rows affected.
pub(crate) async fn run(
    checkout: &mut Checkout,
    statement: Statement<'_>,
    on_row: OnRow<'_>,
    on_error: OnError,
) -> Result<u64> {
    let mut patience = Patience::new(checkout.busy_timeout());
    let mut handed_over = 0;
    loop {
        let ran = attempt(checkout, &statement, &mut *on_row, on_error, &mut handed_over).await;
        let failure = match ran {
            Ok(affected) => return Ok(affected),
            Err(failure) => failure,
        };
        // A row that was handed over cannot be taken back.
        let again = handed_over == 0 && failure.is_busy() && !checkout.is_away();
        if !again || !patience.wait().await {
            return Err(failure.into_error(statement.table));
        }
    }
}

/// Whether a statement inserts the rows that its text lists: it is short before it ever ran.
pub(crate) fn is_listed(sql: &str) -> bool {
    sql.starts_with("INSERT") && sql.contains("VALUES") && !sql.contains("SELECT")
}

async fn attempt(
    checkout: &mut Checkout,
    statement: &Statement<'_>,
    on_row: OnRow<'_>,
    on_error: OnError,
    handed_over: &mut u64,
) -> Result<u64, Failure> {
    let shape = Shape::of(statement.sql);
    let speed = checkout.shapes().speed(shape);
    let reads = statement.access() == Access::Read;
    let is_elsewhere = match speed {
        Speed::Long => true,
        Speed::Short => false,
        Speed::Unknown if reads => statement.is_by_hand(),
        Speed::Unknown => !is_listed(statement.sql),
    };
    if !is_elsewhere {
        let started = Instant::now();
        let ran = if reads {
            read_here(checkout, statement, speed, &mut *on_row, handed_over)
        } else {
            let connection = checkout.connection();
            statement::run(connection, statement, &mut *on_row, on_error, handed_over)
        };
        match ran {
            Err(failure) if reads && failure.is_out_of_time() => checkout.shapes().surprise(shape),
            ran => {
                checkout.shapes().record_attempt(shape, started.elapsed(), &ran);
                return ran;
            }
        }
    }
    offload::run(checkout, statement, on_row, on_error, handed_over).await
}

/// Runs a statement that reads, for as long as there is time. It is left in such a way that a second run
/// finds the same rows.
fn read_here(
    checkout: &Checkout,
    statement: &Statement<'_>,
    speed: Speed,
    on_row: OnRow<'_>,
    handed_over: &mut u64,
) -> Result<u64, Failure> {
    let opened = checkout.opened();
    let connection = &opened.connection;
    let until = Instant::now() + TIME;
    let mut limit: Option<Limit<'_>> = Some(opened.control.limit(until));
    // A transaction keeps the snapshot. Most statements that are known to be short have one row, and can do
    // without.
    let keep_at = if speed == Speed::Short { 2 } else { 1 };
    let may_be_left = !statement.is_by_hand();
    step(connection, statement, OnError::Keep, |row| {
        let number = *handed_over + 1;
        if number < keep_at || !may_be_left {
            limit = None;
        } else if number == keep_at {
            if connection.is_autocommit() {
                execute(connection, "BEGIN DEFERRED")?;
            }
            limit.get_or_insert_with(|| opened.control.limit(until));
        } else if number.is_multiple_of(ROWS) && Instant::now() > until {
            return Err(Failure::OutOfTime);
        }
        *handed_over = number;
        on_row(&StoredRow(row)).map_err(Failure::Ours)
    })
}
