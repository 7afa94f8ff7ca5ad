//! Whose turn it is on a thread of the runtime: a task that never waits still leaves it to the others.
//!
//! Tokio looks for timers and sockets after a number of turns, not after a time. So the more tasks there are,
//! the shorter is the turn of each.

use std::cell::Cell;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::{self, yield_now};

/// The time in which every task should have had its turn.
const ROUND: Duration = Duration::from_millis(1);
/// The shortest and the longest turn, if statements are as short.
const SHORTEST: Duration = Duration::from_micros(16);
const LONGEST: Duration = Duration::from_micros(200);
/// The turns after which tokio looks for timers, whatever is left to do.
const TURNS: u32 = 61;

thread_local! {
    /// The task that was last here, and since when it may not have waited.
    static LAST: Cell<Option<(Option<task::Id>, Instant)>> = const { Cell::new(None) };
}

/// Lets the other tasks of the thread have their turn, if this one had its own.
pub(crate) async fn take_turns() {
    let (now, task) = (Instant::now(), task::try_id());
    match LAST.get() {
        Some((last, since)) if last == task => {
            let time = now.saturating_duration_since(since);
            if time < SHORTEST || time < turn() {
                return;
            }
            yield_now().await;
            LAST.set(Some((task, Instant::now())));
        }
        _ => LAST.set(Some((task, now))),
    }
}

/// How long a turn is among the tasks there are.
fn turn() -> Duration {
    let tasks = Handle::try_current().map_or(1, |runtime| runtime.metrics().num_alive_tasks());
    let tasks = u32::try_from(tasks).unwrap_or(TURNS).clamp(1, TURNS);
    (ROUND / tasks).clamp(SHORTEST, LONGEST)
}
