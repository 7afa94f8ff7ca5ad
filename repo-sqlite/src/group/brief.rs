//! Changes of a few short statements: one more kind of write that takes its turn.
//!
//! The statements run one after the other on the calling thread, in a group with what others write or in a
//! transaction of their own. Where one of them is not known to be short nothing is done, and core runs them in
//! an ordinary transaction, each on the thread that it needs.

use std::sync::Arc;
use std::time::Instant;

use repo_core::Result;
use repo_core::backend::{Access, BriefChange, OnRow, Statement, Steps};
use rusqlite::Connection;

use crate::connection::{begin, commit};
use crate::error::Failure;
use crate::group::queue::{BEGIN, is_shared, join, open, settle};
use crate::pool::{Pool, Purpose};
use crate::run::is_listed;
use crate::run::shapes::{Shape, Shapes, Speed};
use crate::statement::{self, OnError};

/// Makes a change, and returns when it is committed; or does nothing, and returns `false`.
pub(crate) async fn make(pool: &Arc<Pool>, change: BriefChange<'_>) -> Result<bool> {
    if !change.writes.iter().all(|sql| is_short(&pool.shapes, sql)) {
        return Ok(false);
    }
    let BriefChange { table, steps, .. } = change;
    let mut checkout = pool.checkout(Purpose::Join).await?;
    let shapes = &pool.shapes;
    if is_shared(&mut checkout) && open(&mut checkout).await? {
        join(checkout, table, |connection| run(connection, shapes, steps)).await?;
        return Ok(true);
    }
    settle(&mut checkout).await?;
    begin(&mut checkout, BEGIN).await?;
    let ran = run(checkout.connection(), shapes, steps);
    ran.map_err(|failure| failure.into_error(table))?;
    checkout.opened_mut().rhythm.wrote();
    commit(&mut checkout).await?;
    Ok(true)
}

fn is_short(shapes: &Shapes, sql: &str) -> bool {
    match shapes.speed(Shape::of(sql)) {
        Speed::Short => true,
        Speed::Unknown => is_listed(sql),
        Speed::Long => false,
    }
}

fn run(
    connection: &Connection,
    shapes: &Shapes,
    work: &mut (dyn FnMut(&mut dyn Steps) -> Result<()> + Send + '_),
) -> Result<(), Failure> {
    work(&mut Here { connection, shapes }).map_err(Failure::Ours)
}

/// The connection of a change.
struct Here<'c> {
    connection: &'c Connection,
    shapes: &'c Shapes,
}

impl Steps for Here<'_> {
    fn run(&mut self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        let started = Instant::now();
        let keep = OnError::Keep;
        let ran = statement::run(self.connection, &statement, on_row, keep, &mut 0);
        let affected = ran.map_err(|failure| failure.into_error(statement.table))?;
        if statement.access() == Access::Write {
            self.shapes.record(Shape::of(statement.sql), started.elapsed());
        }
        Ok(affected)
    }
}
