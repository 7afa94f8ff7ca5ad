//! Work on another thread, with the connection it needs.
//!
//! The work owns the connection: a future that is dropped meanwhile leaves both to it. Its statement is
//! then stopped, and nobody has the connection before that. Text and values are copied to it, and rows
//! come back in batches.

use std::sync::Arc;
use std::time::{Duration, Instant};

use repo_core::backend::{Access, Effect, OnRow, Statement};
use repo_core::schema::Table;
use repo_core::{DatabaseError, Error, Value};
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;

use crate::error::Failure;
use crate::pool::checkout::Checkout;
use crate::row::batch::Batch;
use crate::run::control::Control;
use crate::run::shapes::Shape;
use crate::run::threads;
use crate::run::turns::make_way;
use crate::statement::{OnError, step};

/// Batches that wait for the task.
const WAITING: usize = 2;
/// How long rows are handed over before the other tasks have their turn.
const TURN: Duration = Duration::from_micros(100);
/// The rows between two looks at the clock.
const ROWS: usize = 16;
/// What a statement takes at most that is run briefly.
const BRIEF: Duration = Duration::from_millis(2);

/// Work that a thread of ours does with a connection.
struct Away<T> {
    answer: oneshot::Receiver<(Checkout, T)>,
    stop: Stop,
}

/// Stops the statement of a job when it is dropped.
struct Stop {
    control: Arc<Control>,
    job: u64,
    is_armed: bool,
}

/// A statement that borrows nothing.
struct Owned {
    sql: String,
    params: Vec<Value<'static>>,
    effect: Effect,
    table: &'static Table,
    on_error: OnError,
    /// The rows that were handed over before.
    skip: u64,
}

/// Does `work` on a thread of ours, to its end.
pub(crate) async fn perform<T: Send + 'static>(
    checkout: &mut Checkout,
    work: impl FnOnce(&mut Checkout) -> T + Send + 'static,
) -> Result<T, Error> {
    let mut away = send(checkout, work);
    away.stop.is_armed = false;
    away.back(checkout).await
}

/// Runs a statement on a thread of ours. The first `handed_over` rows are left out: a run that was given
/// up handed them over, and nothing changed since.
pub(crate) async fn run(
    checkout: &mut Checkout,
    statement: &Statement<'_>,
    on_row: OnRow<'_>,
    on_error: OnError,
    handed_over: &mut u64,
) -> Result<u64, Failure> {
    let owned = Owned::new(statement, on_error, *handed_over);
    let (sender, mut batches) = mpsc::channel(WAITING);
    let away = send(checkout, move |checkout| owned.run(checkout, sender));
    let mut refused = None;
    while let Some(batch) = batches.recv().await {
        refused = hand_over(&batch, &mut *on_row, handed_over).await.err();
        if refused.is_some() {
            break;
        }
        yield_now().await;
        make_way().await;
    }
    // Whoever sends more finds nobody there.
    drop(batches);
    if refused.is_some() && statement.access() == Access::Read {
        away.stop.now();
    }
    let result = away.back(checkout).await.map_err(Failure::Ours)?;
    match refused {
        Some(error) => Err(Failure::Ours(error)),
        None => result,
    }
}

/// Runs a statement that reads on a thread of ours, if it ends soon and has few rows. Nothing of one that does not is
/// handed over.
pub(crate) async fn run_briefly(
    checkout: &mut Checkout,
    statement: &Statement<'_>,
    on_row: OnRow<'_>,
) -> Result<Option<u64>, Failure> {
    let owned = Owned::new(statement, OnError::Keep, 0);
    let away = send(checkout, move |checkout| owned.run_briefly(checkout));
    match away.back(checkout).await.map_err(Failure::Ours)? {
        Ok((read, batch)) => {
            hand_over(&batch, on_row, &mut 0).await.map_err(Failure::Ours)?;
            Ok(Some(read))
        }
        Err(failure) if failure.is_out_of_time() || failure.is_busy() => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Hands over the rows of a batch, and lets the other tasks have their turn now and then.
async fn hand_over(batch: &Batch, on_row: OnRow<'_>, handed_over: &mut u64) -> Result<(), Error> {
    let mut started = Instant::now();
    for index in 0..batch.len() {
        *handed_over += 1;
        on_row(&batch.row(index))?;
        if index % ROWS == ROWS - 1 && started.elapsed() >= TURN {
            yield_now().await;
            make_way().await;
            started = Instant::now();
        }
    }
    Ok(())
}

fn send<T: Send + 'static>(
    checkout: &mut Checkout,
    work: impl FnOnce(&mut Checkout) -> T + Send + 'static,
) -> Away<T> {
    let control = Arc::clone(&checkout.opened().control);
    let stop = Stop { job: control.begin(), control, is_armed: true };
    let ended = Ended(Arc::clone(&stop.control));
    let mut moved = checkout.take();
    let (sender, answer) = oneshot::channel();
    threads::run(move || {
        let value = work(&mut moved);
        drop(ended);
        // Nobody is there any more: the connection is cleaned and given back here.
        drop(sender.send((moved, value)));
    });
    Away { answer, stop }
}

impl<T> Away<T> {
    /// Waits for the end of the work.
    async fn back(mut self, checkout: &mut Checkout) -> Result<T, Error> {
        let Ok((moved, value)) = (&mut self.answer).await else {
            let source = DatabaseError::new("the statement ended without an answer");
            return Err(Error::Connection { source });
        };
        self.stop.is_armed = false;
        *checkout = moved;
        Ok(value)
    }
}

impl Stop {
    fn now(&self) {
        self.control.cancel(self.job);
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        if self.is_armed {
            self.now();
        }
    }
}

/// Ends the job, also where it panics or never begins.
struct Ended(Arc<Control>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Owned {
    fn new(statement: &Statement<'_>, on_error: OnError, skip: u64) -> Self {
        let Statement { sql, params, effect, table } = *statement;
        let params = params.iter().map(|value| value.clone().into_owned()).collect();
        Self { sql: sql.to_owned(), params, effect, table, on_error, skip }
    }

    fn run(self, checkout: &Checkout, sender: mpsc::Sender<Batch>) -> Result<u64, Failure> {
        let Self { sql, params, effect, table, on_error, skip } = &self;
        let statement = Statement { sql, params, effect: *effect, table };
        let started = Instant::now();
        let (mut count, mut batch) = (0, Batch::first());
        let ran = step(checkout.connection(), &statement, *on_error, |row| {
            count += 1;
            if count <= *skip {
                return Ok(());
            }
            if batch.is_full() {
                send_batch(&sender, batch.take())?;
            }
            Ok(batch.push(row)?)
        });
        checkout.shapes().record_attempt(Shape::of(sql), started.elapsed(), &ran);
        let affected = ran?;
        if !batch.is_empty() {
            send_batch(&sender, batch)?;
        }
        Ok(affected)
    }

    /// The rows read, and a copy of all of them.
    fn run_briefly(self, checkout: &Checkout) -> Result<(u64, Batch), Failure> {
        let Self { sql, params, effect, table, on_error, .. } = &self;
        let statement = Statement { sql, params, effect: *effect, table };
        let (started, mut batch) = (Instant::now(), Batch::only());
        let _limit = checkout.opened().control.limit(started + BRIEF);
        let read = step(checkout.connection(), &statement, *on_error, |row| {
            if batch.is_full() {
                return Err(Failure::OutOfTime);
            }
            Ok(batch.push(row)?)
        })?;
        checkout.shapes().record_anew(Shape::of(sql), started.elapsed());
        Ok((read, batch))
    }
}

fn send_batch(sender: &mpsc::Sender<Batch>, batch: Batch) -> Result<(), Failure> {
    sender.blocking_send(batch).map_err(|_| Failure::Abandoned)
}
