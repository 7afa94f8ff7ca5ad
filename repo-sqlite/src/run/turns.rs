//! Whose turn it is on a thread of the runtime: a task that never waits still leaves it to the others, and all
//! of them to the runtime's timers.
//!
//! Tokio looks for timers and sockets after a number of turns, not after a time; or when nobody is ready, as a
//! task that yields is not until it has looked. So the more tasks there are, the shorter is the turn of each,
//! and who comes when the thread was busy for long lets the runtime look first.

use std::cell::Cell;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::{self, yield_now};

/// The time after which the runtime is to look for timers. In it every task should have had its turn, where they
/// are not more than their shortest turns fit in.
const ROUND: Duration = Duration::from_micros(500);
/// The rounds that a task lets pass before it goes on in one that lasts.
const PATIENCE: usize = 3;
/// A pause after which the thread is taken to have been idle.
const PAUSE: Duration = Duration::from_millis(1);
/// The shortest and the longest turn, if statements are as short.
const SHORTEST: Duration = Duration::from_micros(16);
const LONGEST: Duration = Duration::from_micros(200);
/// The turns after which tokio looks for timers, whatever is left to do.
const TURNS: u32 = 61;

thread_local! {
    /// The task that was last here, and since when it may not have waited.
    static LAST: Cell<Option<(Option<task::Id>, Instant)>> = const { Cell::new(None) };
    static SINCE: Cell<Option<Round>> = const { Cell::new(None) };
}

/// What the thread does between two looks for timers.
#[derive(Debug, Clone, Copy)]
struct Round {
    number: u64,
    began: Instant,
    /// When somebody was last here.
    seen: Instant,
}

/// Lets the other tasks of the thread have their turn, if this one had its own, and the runtime look for timers,
/// if that is due.
pub(crate) async fn take_turns() {
    let (now, task) = (Instant::now(), task::try_id());
    if is_over(now) {
        look_for_timers().await;
        LAST.set(Some((task, Instant::now())));
        return;
    }
    match LAST.get() {
        Some((last, since)) if last == task => {
            let time = now.saturating_duration_since(since);
            if time < SHORTEST || time < turn() {
                return;
            }
            look_for_timers().await;
            LAST.set(Some((task, Instant::now())));
        }
        _ => LAST.set(Some((task, now))),
    }
}

/// Lets the runtime look for timers, if that is due.
pub(crate) async fn make_way() {
    if is_over(Instant::now()) {
        look_for_timers().await;
    }
}

/// Whether the round of this thread took its time.
fn is_over(now: Instant) -> bool {
    let round = match SINCE.get() {
        Some(round) if now.saturating_duration_since(round.seen) < PAUSE => round,
        other => next(other, now),
    };
    SINCE.set(Some(Round { seen: now, ..round }));
    now.saturating_duration_since(round.began) >= ROUND
}

/// Yields until a round has begun that has time left, but not for ever: those that came first go first.
async fn look_for_timers() {
    for _ in 0..PATIENCE {
        let before = SINCE.get().map(|round| round.number);
        yield_now().await;
        let now = Instant::now();
        let round = SINCE.get();
        if round.map(|round| round.number) == before {
            // The first after the runtime looked.
            SINCE.set(Some(next(round, now)));
            return;
        }
        if !is_over(now) {
            return;
        }
    }
}

fn next(round: Option<Round>, now: Instant) -> Round {
    let number = round.map_or(0, |round| round.number.wrapping_add(1));
    Round { number, began: now, seen: now }
}

/// How long a turn is among the tasks there are.
fn turn() -> Duration {
    let tasks = Handle::try_current().map_or(1, |runtime| runtime.metrics().num_alive_tasks());
    let tasks = u32::try_from(tasks).unwrap_or(TURNS).clamp(1, TURNS);
    (ROUND / tasks).clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    fn hold(time: Duration) {
        let started = Instant::now();
        while started.elapsed() < time {
            std::hint::spin_loop();
        }
    }

    #[tokio::test]
    async fn tasks_that_never_wait_let_the_runtime_look_for_timers_and_all_have_their_turn() {
        let tasks = task::LocalSet::new();
        let done = Rc::new(RefCell::new([0_u32; 40]));
        for number in 0..40 {
            let done = Rc::clone(&done);
            tasks.spawn_local(async move {
                for _ in 0..30 {
                    take_turns().await;
                    hold(Duration::from_micros(100));
                    done.borrow_mut()[number] += 1;
                    let done = done.borrow();
                    let most = done.iter().max().copied().unwrap_or(0);
                    assert!(most - done.iter().min().copied().unwrap_or(0) <= 20, "{done:?}");
                }
            });
        }
        tasks.await;
    }
}
