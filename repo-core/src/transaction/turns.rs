//! Whose turn it is where one operation runs at a time: at the connection of a transaction, or at the first look of a
//! session over all tenants.
//!
//! A turn is taken and never handed over: who waits may be a future that nobody polls any more, as in a stream that
//! buffers others. When a turn ends all who wait are woken, and the first to come takes the next. An operation that
//! has begun keeps its turn until it ends or is dropped. Where it could go on and is not polled, who waits is told so
//! after a while, and does not wait for ever.

use std::fmt;
use std::future::{Future, poll_fn};
use std::ops::{Deref, DerefMut};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tokio::sync::futures::Notified;
use tokio::sync::{MutexGuard, Notify};

use crate::error::{Error, Result};

/// How often who waits looks whether anything goes on.
const LOOK: Duration = Duration::from_secs(1);

/// How many looks in a row find that nothing does before the wait is an error.
const PATIENCE: u32 = 5;

/// How often who comes lets those who wait go first: once may be before they are polled.
const STEPS_BACK: u32 = 4;

/// What one operation at a time works with.
pub(crate) struct Turns<T> {
    /// Only ever tried: its own line would hand turns over.
    state: tokio::sync::Mutex<T>,
    is_taken: AtomicBool,
    ended: Notify,
    waiting: AtomicUsize,
    pulse: Arc<Pulse>,
}

impl<T: Default> Default for Turns<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> fmt::Debug for Turns<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turns")
    }
}

/// A turn, which ends when this is dropped.
pub(crate) struct Turn<'a, T> {
    turns: &'a Turns<T>,
    /// Taken only when this is dropped.
    state: Option<MutexGuard<'a, T>>,
}

/// What is known of who has the turn.
#[derive(Default)]
struct Pulse {
    waker: Mutex<Option<Waker>>,
    /// Was woken, and is not polled yet.
    is_woken: AtomicBool,
    /// Grows with each poll and each turn that ends.
    steps: AtomicU64,
}

impl<T> Turns<T> {
    pub(crate) fn new(state: T) -> Self {
        Self {
            state: tokio::sync::Mutex::new(state),
            is_taken: AtomicBool::new(false),
            ended: Notify::new(),
            waiting: AtomicUsize::new(0),
            pulse: Arc::default(),
        }
    }

    /// A turn, unless somebody has it.
    pub(crate) fn try_take(&self) -> Option<Turn<'_, T>> {
        let state = self.state.try_lock().ok()?;
        self.is_taken.store(true, Ordering::SeqCst);
        Some(Turn { turns: self, state: Some(state) })
    }

    /// A turn, once nobody has it.
    ///
    /// # Errors
    ///
    /// As for [`wait`](Self::wait).
    pub(crate) async fn take(&self) -> Result<Turn<'_, T>> {
        // Who waits comes first, if anybody polls them.
        for _ in 0..STEPS_BACK {
            if self.waiting.load(Ordering::SeqCst) == 0 {
                break;
            }
            step_back().await;
        }
        if let Some(turn) = self.try_take() {
            return Ok(turn);
        }
        let _waiting = Waiting::new(&self.waiting);
        loop {
            // Asked for before the attempt: an end after it is not missed.
            let ended = self.ended.notified();
            if let Some(turn) = self.try_take() {
                return Ok(turn);
            }
            self.wait(ended).await?;
        }
    }

    /// Waits for `event`, which comes of what others do here.
    ///
    /// # Errors
    ///
    /// [`Error::OperationNotAwaited`]: for five seconds nobody did anything, though they could.
    pub(crate) async fn wait(&self, event: Notified<'_>) -> Result<()> {
        let mut event = pin!(event);
        let (mut looks, mut steps) = (0, self.pulse.steps());
        while tokio::time::timeout(LOOK, event.as_mut()).await.is_err() {
            let now = self.pulse.steps();
            looks = if now == steps && self.could_go_on() { looks + 1 } else { 0 };
            if looks == PATIENCE {
                return Err(Error::OperationNotAwaited);
            }
            steps = now;
        }
        Ok(())
    }

    /// Does the work of who has the turn.
    pub(crate) async fn watch<F: Future>(&self, work: F) -> F::Output {
        let _ended = Watched(&self.pulse);
        let waker = Waker::from(Arc::clone(&self.pulse));
        let mut work = pin!(work);
        poll_fn(|cx| {
            self.pulse.polled(cx.waker());
            work.as_mut().poll(&mut Context::from_waker(&waker))
        })
        .await
    }

    /// Nobody has the turn, or who has it was woken.
    fn could_go_on(&self) -> bool {
        !self.is_taken.load(Ordering::SeqCst) || self.pulse.is_woken.load(Ordering::SeqCst)
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        self.turns.is_taken.store(false, Ordering::SeqCst);
        drop(self.state.take());
        self.turns.pulse.step();
        // Who waits counted before the last attempt, which found the turn taken.
        if self.turns.waiting.load(Ordering::SeqCst) > 0 {
            self.turns.ended.notify_waiters();
        }
    }
}

impl<T> Deref for Turn<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.state.as_deref().expect("the turn is held until this is dropped")
    }
}

impl<T> DerefMut for Turn<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.state.as_deref_mut().expect("the turn is held until this is dropped")
    }
}

impl Pulse {
    fn steps(&self) -> u64 {
        self.steps.load(Ordering::SeqCst)
    }

    fn step(&self) {
        self.steps.fetch_add(1, Ordering::SeqCst);
    }

    fn polled(&self, waker: &Waker) {
        self.step();
        let mut known = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_woken.store(false, Ordering::SeqCst);
        if !known.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }
}

impl Wake for Pulse {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let known = self.waker.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(waker) = known {
            self.is_woken.store(true, Ordering::SeqCst);
            waker.wake();
        }
    }
}

/// Forgets who had the turn: what wakes them later wakes nobody.
struct Watched<'a>(&'a Pulse);

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        *self.0.waker.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.0.is_woken.store(false, Ordering::SeqCst);
    }
}

/// Counts somebody who waits.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Lets others of the task, and other tasks, go first.
async fn step_back() {
    let mut is_back = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut is_back, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::pin::pin;
    use std::time::Duration;

    use futures_util::FutureExt as _;
    use tokio::sync::oneshot;
    use tokio::time::{Instant, sleep};

    use super::Turns;
    use crate::error::Error;

    #[tokio::test(start_paused = true)]
    async fn who_waits_and_is_not_polled_keeps_nobody_waiting() {
        let turns = Turns::new(0);
        let first = turns.take().await.unwrap();
        let mut kept = pin!(turns.take());
        assert!(kept.as_mut().now_or_never().is_none());
        drop(first);
        *turns.take().await.unwrap() += 1;
        assert_eq!(*kept.await.unwrap(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_comes_before_who_comes_back() {
        let turns = Turns::new(Vec::new());
        let busy = async {
            for _ in 0..100 {
                let mut turn = turns.take().await.unwrap();
                turns.watch(sleep(Duration::from_millis(1))).await;
                turn.push("busy");
            }
        };
        let patient = async {
            sleep(Duration::from_millis(5)).await;
            turns.take().await.unwrap().push("patient");
        };
        tokio::join!(busy, patient);
        let order = turns.take().await.unwrap();
        let place = order.iter().position(|who| *who == "patient");
        assert!(place.is_some_and(|place| place < 10), "{place:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn long_work_is_waited_for() {
        let turns = Turns::new(());
        let long = async {
            let _turn = turns.take().await.unwrap();
            turns.watch(sleep(Duration::from_secs(600))).await;
        };
        let after = async {
            sleep(Duration::from_secs(1)).await;
            turns.take().await.map(drop)
        };
        let (_, after) = tokio::join!(long, after);
        after.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_could_go_on_and_is_not_polled_is_told_of() {
        let turns = Turns::new(());
        let (answer, question) = oneshot::channel::<()>();
        let mut kept = Box::pin(async {
            let _turn = turns.take().await.unwrap();
            turns.watch(question).await.unwrap();
        });
        assert!(kept.as_mut().now_or_never().is_none());
        answer.send(()).unwrap();
        let began = Instant::now();
        let refused = turns.take().await.map(drop);
        assert!(matches!(refused, Err(Error::OperationNotAwaited)), "{refused:?}");
        assert!(began.elapsed() < Duration::from_secs(10));
        // It is only told: who goes on, or lets go, makes room.
        kept.await;
        turns.take().await.map(drop).unwrap();
    }
}
