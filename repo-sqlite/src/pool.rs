//! The connections of one role, and waiting for one.
//!
//! Who waits longest is next. What happens to a connection that comes back is in `pool/checkout.rs`.

pub(crate) mod checkout;
pub(crate) mod open;
pub(crate) mod opened;
pub(crate) mod place;
pub(crate) mod wal;

use std::fmt;
use std::num::NonZero;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use repo_core::{DatabaseError, Error, Result};
use tokio::sync::{Semaphore, SemaphorePermit, TryAcquireError};
use tokio::time::timeout;

use crate::error::without_table;
use crate::group::Group;
use crate::pool::checkout::Checkout;
use crate::pool::open::{Role, Source};
use crate::pool::opened::Opened;
use crate::pool::wal::Checkpoints;
use crate::run::shapes::Shapes;

/// The connections of one role: the writer, the readers, or the only one.
pub(crate) struct Pool {
    source: Source,
    size: usize,
    is_single: bool,
    timeout: Duration,
    /// One permit for each connection that may be taken. Closed with the pool.
    permits: Semaphore,
    /// One for each long statement at a time: fewer than connections, so that short ones find one, and than
    /// cores, so that the runtime has one.
    long: Semaphore,
    /// How many wait who would join a group.
    joining: AtomicUsize,
    groups: AtomicU64,
    pub(crate) shapes: Shapes,
    pub(crate) checkpoints: Checkpoints,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    free: Vec<Opened>,
    closed: bool,
    /// Whether the data went away with the only connection to it.
    lost: bool,
    /// The group that nobody is left to commit.
    orphan: Option<u64>,
}

/// Why somebody waits for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// For a short write, which may join others.
    Join,
    /// For anything else.
    Other,
}

impl Pool {
    /// At most `size` connections, each opened when it is first needed.
    pub(crate) fn new(source: Source, size: usize, timeout: Duration) -> Arc<Self> {
        let is_single = source.options.is_single();
        let cores = available_parallelism().map_or(1, NonZero::get);
        let checkpoints = Checkpoints::new(source.options.checkpoint_pages);
        let is_durable = source.is_durable();
        Arc::new(Self {
            source,
            size,
            is_single,
            timeout,
            permits: Semaphore::new(size),
            long: Semaphore::new(size.min(cores).saturating_sub(1).max(1)),
            joining: AtomicUsize::new(0),
            groups: AtomicU64::new(0),
            shapes: Shapes::new(is_durable),
            checkpoints,
            state: Mutex::default(),
        })
    }

    /// The most connections.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// How many are open and free.
    pub(crate) fn idle(&self) -> usize {
        self.state().free.len()
    }

    /// How long an operation waits for another process.
    pub(crate) fn busy_timeout(&self) -> Duration {
        self.source.options.busy_timeout
    }

    /// Whether a commit that was never timed may take long: it waits for the disk.
    pub(crate) fn is_durable(&self) -> bool {
        self.source.is_durable()
    }

    /// Whether others wait to write who would join a group.
    pub(crate) fn has_company(&self) -> bool {
        !self.is_single && self.joining.load(Ordering::SeqCst) > 0
    }

    /// Whether its connection does everything: what it leaves open would be in the way of readers.
    pub(crate) fn is_single(&self) -> bool {
        self.is_single
    }

    /// A group that no other has the number of.
    pub(crate) fn new_group(&self) -> Group {
        Group::new(self.groups.fetch_add(1, Ordering::Relaxed))
    }

    /// Takes a connection, waiting for one to become free.
    pub(crate) async fn checkout(self: &Arc<Self>, purpose: Purpose) -> Result<Checkout> {
        match self.permits.try_acquire() {
            Ok(permit) => permit.forget(),
            Err(TryAcquireError::Closed) => return Err(Error::Closed),
            Err(TryAcquireError::NoPermits) => self.wait_for_permit(purpose).await?,
        }
        self.take().await
    }

    /// As [`checkout`](Self::checkout), however long it takes: for who has a group to commit.
    pub(crate) async fn checkout_in_the_end(self: &Arc<Self>) -> Result<Checkout> {
        self.permits.acquire().await.map_err(|_| Error::Closed)?.forget();
        self.take().await
    }

    /// Waits until a long statement may begin. It has no connection yet.
    pub(crate) async fn admit_long(&self) -> Result<SemaphorePermit<'_>> {
        let since = Instant::now();
        match timeout(self.timeout, self.long.acquire()).await {
            Ok(permit) => permit.map_err(|_| Error::Closed),
            Err(_) => Err(self.out_of_patience(since)),
        }
    }

    /// Closes what is free now, and each other one when it comes back.
    pub(crate) fn close(&self) {
        self.permits.close();
        self.long.close();
        let mut state = self.state();
        state.closed = true;
        let free = std::mem::take(&mut state.free);
        drop(state);
        // A group that is open is committed by this.
        drop(free);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.permits.is_closed()
    }

    /// Nobody is left who would commit this group: its runtime ended.
    pub(crate) fn orphan(self: &Arc<Self>, group: u64) {
        {
            // Numbers grow, and a group that is open is the last one.
            let mut state = self.state();
            state.orphan = state.orphan.max(Some(group));
        }
        self.rescue();
    }

    /// Commits a group that nobody is left to commit, if the connection is free.
    pub(crate) fn rescue(self: &Arc<Self>) {
        if !self.has_orphan() {
            return;
        }
        let Ok(permit) = self.permits.try_acquire() else { return };
        permit.forget();
        let mut checkout = Checkout::new(Arc::clone(self));
        if let Ok(Some(mut opened)) = self.take_free() {
            opened.settle();
            checkout.fill(opened);
        }
    }

    /// Commits a group whose connection nobody has, although it may be somebody's turn to take it: who that is has
    /// no use for it before the next time it is polled.
    pub(crate) fn settle_unused(&self, group: u64) {
        // Nobody takes the connection meanwhile.
        let mut state = self.state();
        let is_it =
            |opened: &&mut Opened| opened.group.as_ref().is_some_and(|open| open.number() == group);
        if let Some(opened) = state.free.iter_mut().find(is_it) {
            opened.settle();
        }
    }

    /// Takes a connection back, or nothing in place of one that was closed.
    pub(crate) fn give_back(&self, opened: Option<Opened>) {
        let mut state = self.state();
        let to_close = match opened {
            Some(opened) if !state.closed => {
                state.free.push(opened);
                None
            }
            other => {
                state.lost |= self.source.is_memory();
                other
            }
        };
        drop(state);
        drop(to_close);
        self.permits.add_permits(1);
    }

    async fn wait_for_permit(self: &Arc<Self>, purpose: Purpose) -> Result<()> {
        let since = Instant::now();
        let _waiting = Waiting::new(self, purpose);
        match timeout(self.timeout, self.permits.acquire()).await {
            Ok(Ok(permit)) => permit.forget(),
            Ok(Err(_)) => return Err(Error::Closed),
            Err(_) => return Err(self.out_of_patience(since)),
        }
        Ok(())
    }

    fn out_of_patience(&self, since: Instant) -> Error {
        Error::PoolTimeout { size: self.size, idle: self.idle(), waited: since.elapsed() }
    }

    /// The connection of a permit that was taken.
    async fn take(self: &Arc<Self>) -> Result<Checkout> {
        // From here on the permit is given back by `Drop`.
        let mut checkout = Checkout::new(Arc::clone(self));
        match self.take_free()? {
            Some(opened) => checkout.fill(opened),
            None => {
                let connection = self.source.open().await?;
                checkout.fill(Opened::new(connection).map_err(|error| without_table(&error))?);
            }
        }
        Ok(checkout)
    }

    fn take_free(&self) -> Result<Option<Opened>> {
        let mut state = self.state();
        if state.lost {
            let source = DatabaseError::new("the in-memory database went away with its connection");
            return Err(Error::Connection { source });
        }
        Ok(state.free.pop())
    }

    fn has_orphan(&self) -> bool {
        let state = self.state();
        let open = state.free.first().and_then(|opened| opened.group.as_ref()).map(Group::number);
        open.is_some() && open == state.orphan
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits. Dropped while a group waits for it, the group is looked after.
struct Waiting<'a> {
    pool: &'a Arc<Pool>,
    purpose: Purpose,
}

impl<'a> Waiting<'a> {
    fn new(pool: &'a Arc<Pool>, purpose: Purpose) -> Self {
        if purpose == Purpose::Join {
            pool.joining.fetch_add(1, Ordering::SeqCst);
        }
        Self { pool, purpose }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.purpose == Purpose::Join {
            self.pool.joining.fetch_sub(1, Ordering::SeqCst);
        }
        if self.pool.source.role == Role::Writer {
            self.pool.rescue();
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("source", &self.source)
            .field("size", &self.size)
            .field("idle", &self.idle())
            .finish_non_exhaustive()
    }
}
