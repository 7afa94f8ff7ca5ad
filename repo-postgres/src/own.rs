//! Connections that only this backend uses: how many there are, how old they grow, and for which runtime.
//!
//! What waits for a socket is woken by the runtime that opened it, and never where that has ended, or rests because
//! nobody blocks on it. So who takes a connection is given one that was opened in the same runtime, or a new one. One
//! that waits for work counts for the pool's size only while there is room: where there is none, the one of another
//! runtime that waited longest is closed. Who finds none waits for whichever comes first, one that is given back or one
//! that is opened meanwhile (`stock`, `asking`). The server is asked nothing when a connection is taken, but for one that
//! has been idle for a while. Absent: what became of an operation (`pool.rs`), and how to open (`open.rs`).

mod asking;
mod stock;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use repo_core::{DatabaseError, Error, Result};
use sqlx::{Connection as _, PgConnection};
use tokio::runtime::{Handle, Id};
use tokio::sync::{Semaphore, SemaphorePermit, TryAcquireError};
use tokio::time::timeout;

use crate::open::Opener;
use asking::Asker;
use stock::Stock;

/// What an application says of its connections.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) opener: Opener,
    pub(crate) size: usize,
    /// How long an operation waits for a connection.
    pub(crate) wait: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) idle_test_after: Duration,
    pub(crate) max_lifetime: Option<Duration>,
}

/// Connections that only this backend uses.
#[derive(Debug)]
pub(crate) struct Own(Arc<Home>);

/// A connection that is taken, and goes back when it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    // None while it is waited for, and where it was closed.
    pooled: Option<Pooled>,
    home: Arc<Home>,
}

#[derive(Debug)]
struct Home {
    terms: Terms,
    /// One for each connection that there may be: who has one has a connection, or is about to.
    permits: Semaphore,
    stock: Mutex<Stock>,
    /// Connections of an earlier generation are closed instead of used.
    generation: AtomicU64,
    /// After how many milliseconds one that is idle is tested, whatever the terms are.
    test_after: AtomicU64,
}

#[derive(Debug)]
struct Pooled {
    connection: PgConnection,
    runtime: Option<Id>,
    generation: u64,
    opened: Instant,
    used: Instant,
}

/// Where a connection comes from.
enum Next {
    Idle(Pooled),
    /// Nothing is idle.
    Line(Asker),
    /// The same, and no runtime to make one in beside who asks.
    None,
}

/// The runtime that runs this, if there is one.
pub(crate) fn runtime() -> Option<Id> {
    Handle::try_current().ok().map(|handle| handle.id())
}

impl Own {
    pub(crate) fn new(terms: Terms) -> Result<Self> {
        let size = terms.size;
        if size == 0 {
            return Err(Error::Configuration {
                reason: "a pool of 0 connections cannot do anything: give it at least 1".to_owned(),
            });
        }
        if size > Semaphore::MAX_PERMITS {
            let reason = format!("{size} connections are more than there can be");
            return Err(Error::Configuration { reason });
        }
        Ok(Self(Arc::new(Home {
            terms,
            permits: Semaphore::new(size),
            stock: Mutex::default(),
            generation: AtomicU64::new(0),
            test_after: AtomicU64::new(u64::MAX),
        })))
    }

    /// How its connections are opened.
    pub(crate) fn opener(&self) -> &Opener {
        &self.0.terms.opener
    }

    /// Sees to it that a connection is tested well before it was idle for so long, when the server ends it.
    pub(crate) fn test_before(&self, longest_idle: Option<Duration>) {
        let Some(longest_idle) = longest_idle else { return };
        let half = u64::try_from(longest_idle.as_millis() / 2).unwrap_or(u64::MAX);
        self.0.test_after.store(half, Ordering::Relaxed);
    }

    pub(crate) fn size(&self) -> usize {
        self.0.terms.size
    }

    /// How long an operation waits for a connection.
    pub(crate) fn wait(&self) -> Duration {
        self.0.terms.wait
    }

    pub(crate) fn idle(&self) -> usize {
        self.0.stock().idle.len()
    }

    /// A connection that becomes free in time.
    pub(crate) async fn take(&self, wait: Duration) -> Result<Held> {
        let permit = match self.0.permits.try_acquire() {
            Ok(permit) => permit,
            Err(TryAcquireError::Closed) => return Err(Error::Closed),
            Err(TryAcquireError::NoPermits) => {
                match timeout(wait, self.0.permits.acquire()).await {
                    Ok(permit) => permit.map_err(|_| Error::Closed)?,
                    Err(_) => {
                        let (size, idle, waited) = (self.size(), self.idle(), self.wait());
                        return Err(Error::PoolTimeout { size, idle, waited });
                    }
                }
            }
        };
        self.hold(permit).await
    }

    /// A connection that is free now.
    pub(crate) async fn take_if_free(&self) -> Result<Option<Held>> {
        match self.0.permits.try_acquire() {
            Ok(permit) => self.hold(permit).await.map(Some),
            Err(TryAcquireError::NoPermits) => Ok(None),
            Err(TryAcquireError::Closed) => Err(Error::Closed),
        }
    }

    async fn hold(&self, permit: SemaphorePermit<'_>) -> Result<Held> {
        // It is given back with what is held.
        permit.forget();
        let mut held = Held { pooled: None, home: Arc::clone(&self.0) };
        held.pooled = Some(self.0.connection().await?);
        Ok(held)
    }

    /// Closes what is idle, and lets nothing more be taken.
    pub(crate) async fn close(&self) {
        self.0.permits.close();
        let idle = self.0.stock().clear();
        let here = runtime();
        // Saying goodbye is a courtesy: the socket is closed in any case.
        for pooled in idle.into_iter().filter(|pooled| pooled.runtime == here) {
            let _ = timeout(Duration::from_secs(1), pooled.connection.close()).await;
        }
    }
}

impl Home {
    async fn connection(self: &Arc<Self>) -> Result<Pooled> {
        let runtime = runtime();
        loop {
            match self.next(runtime) {
                Next::Idle(mut pooled) => {
                    if self.is_sound(&mut pooled).await {
                        return Ok(pooled);
                    }
                }
                Next::Line(asker) => return Box::pin(self.in_line(asker)).await,
                Next::None => return self.open(None).await,
            }
        }
    }

    fn next(self: &Arc<Self>, runtime: Option<Id>) -> Next {
        let mut stock = self.stock();
        if let Some(pooled) = stock.take(runtime) {
            return Next::Idle(pooled);
        }
        let Some(runtime) = runtime else { return Next::None };
        let place = stock.wait(runtime, self.permits.available_permits());
        drop(stock);
        Next::Line(Asker::new(self, runtime, place))
    }

    /// What comes first. Each attempt is told within its time, unless the thread that is to drive it is blocked by who
    /// asks: so there is an end to that as well.
    async fn in_line(&self, asker: Asker) -> Result<Pooled> {
        let most = self.terms.connect_timeout.saturating_mul(2);
        timeout(most, asker.wait()).await.unwrap_or_else(|_| {
            let message = format!("no connection was open or free within {most:?}");
            Err(Error::Connection { source: DatabaseError::new(message) })
        })
    }

    /// Takes back what was used, unless it is not to be used again.
    fn give_back(&self, pooled: Pooled) {
        if self.is_fresh(&pooled) {
            self.hand_on(self.stock(), pooled);
        }
    }

    /// Takes what was made, unless it was given up meanwhile. There is no moment at which it is neither in the making nor there.
    fn take_made(&self, number: u64, pooled: Pooled) {
        let mut stock = self.stock();
        if stock.finish(number) {
            self.hand_on(stock, pooled);
        }
    }

    /// Gives a connection to who waits for one, or has it wait for work.
    fn hand_on(&self, mut stock: MutexGuard<'_, Stock>, pooled: Pooled) {
        match stock.serve(pooled) {
            Some(pooled) if !self.permits.is_closed() => stock.idle.push(pooled),
            left => {
                drop(stock);
                drop(left);
            }
        }
    }

    /// Whether it is neither of an earlier generation nor too old.
    fn is_fresh(&self, pooled: &Pooled) -> bool {
        pooled.generation == self.generation.load(Ordering::Relaxed)
            && self.terms.max_lifetime.is_none_or(|most| pooled.opened.elapsed() <= most)
    }

    /// Whether a connection that was idle is of use still.
    async fn is_sound(&self, pooled: &mut Pooled) -> bool {
        if !self.is_fresh(pooled) {
            return false;
        }
        let test_after = Duration::from_millis(self.test_after.load(Ordering::Relaxed));
        if pooled.used.elapsed() < test_after.min(self.terms.idle_test_after) {
            return true;
        }
        // Connecting and testing are rare, and their futures large: each statement's future has room for
        // them and is moved with it. So they are kept elsewhere.
        let answer = Box::pin(timeout(self.terms.connect_timeout, pooled.connection.ping())).await;
        let is_sound = matches!(answer, Ok(Ok(())));
        if !is_sound {
            // What lost this one, as a network that forgets, lost those that have been idle for longer.
            let mut stock = self.stock();
            stock.idle.retain(|it| it.runtime != pooled.runtime || it.used > pooled.used);
        }
        is_sound
    }

    async fn open(&self, runtime: Option<Id>) -> Result<Pooled> {
        let generation = self.generation.load(Ordering::Relaxed);
        let connection = Box::pin(self.terms.opener.open(self.terms.connect_timeout)).await?;
        let now = Instant::now();
        Ok(Pooled { connection, runtime, generation, opened: now, used: now })
    }

    fn stock(&self) -> MutexGuard<'_, Stock> {
        // Nothing panics in between.
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        &mut self.pooled.as_mut().expect("it is there until it is closed").connection
    }

    /// Closes it instead of giving it back.
    pub(crate) fn close(mut self) {
        self.pooled = None;
    }

    /// Sees to it that no connection as old as this one is used again.
    pub(crate) fn retire_others(&self) {
        let Some(pooled) = &self.pooled else { return };
        // Fails where another one of the same age was faster: then it is done.
        let _ = self.home.generation.compare_exchange(
            pooled.generation,
            pooled.generation + 1,
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(mut pooled) = self.pooled.take() {
            // A buffer is as large as the largest message was. What was read keeps it until the next answer.
            pooled.connection.shrink_buffers();
            pooled.used = Instant::now();
            self.home.give_back(pooled);
        }
        self.home.permits.add_permits(1);
    }
}
