//! A connection of sqlx, used through rusqlite. With `kept` the one place with `unsafe`.
//!
//! sqlx runs a connection of SQLite on a thread of its own, and that thread alone calls SQLite. It can be asked for
//! the lock of the handle, which is then wrapped in a connection of rusqlite that does not own it. This is sound,
//! as long as nobody else uses the handle meanwhile, and it is there for as long as the wrapper:
//!
//! - **It is there.** The handle is closed with the [`SqliteConnection`], which the wrapper's owner has: by value
//!   in its pool's guard, or borrowed exclusively for as long as it lives ([`Home`], which is implemented for those
//!   two alone). Both are reached through it only, and only after the wrapper is put away or dropped. One that is
//!   put away is reached by nobody but who takes the same handle again, and SQLite when it closes it: see `kept`.
//! - **Nobody else uses it.** The thread calls SQLite under the lock, which it gives away when it has done all that
//!   was sent before, also what was cancelled. It has it back when the wrapper is no longer used. The lock orders its
//!   calls before ours, and ours before its next ones.
//! - **The lock borrows the connection.** It is kept beside what it borrows. So that lives on the heap until the lock
//!   is gone, behind a pointer that does not claim to be the only one, and is not looked at before.
//! - **The types are those of one library.** Both crates are built on one `libsqlite3-sys`: another version of
//!   either does not compile here.
//! - **Threads.** SQLite is compiled for threads, and a connection may be used by one after the other: both
//!   crates rely on it. Hooks, functions and collations that the application registered are `Send`, and run where the
//!   connection is used.
//! - **Nothing is left behind.** A statement borrows the wrapper, and those that it keeps prepared are finalised
//!   when it is dropped: at the latest when SQLite closes the handle. Nothing else of rusqlite that outlives it is
//!   made here: no hook, no blob, no backup, no interrupt handle. Of the two modules that are registered `rarray` has no
//!   data, and that of `kept` an address, which it never follows.
//!
//! A [`Handle`] that is leaked keeps the lock, for which sqlx's thread waits in vain; the handle of SQLite stays
//! valid.

#![allow(unsafe_code, reason = "sqlx and rusqlite share no safe way to a handle; see the module")]

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::DerefMut;
use std::ptr::NonNull;

use rusqlite::{Connection, ffi};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{LockedSqliteHandle, SqliteTransactionManager};
use sqlx::{Sqlite, SqliteConnection};
use sqlx_core::transaction::TransactionManager as _;

use crate::adopted::kept::Kept;

/// Where a connection lives that is used here: nobody else can reach it.
pub(crate) trait Home: DerefMut<Target = SqliteConnection> + Send {}

impl Home for PoolConnection<Sqlite> {}
impl Home for &mut SqliteConnection {}

/// A connection that is either ours, through rusqlite, or sqlx's.
pub(crate) struct Handle<H> {
    ours: Option<Ours>,
    /// From a box. While the connection is ours, nobody looks at it.
    home: NonNull<H>,
}

/// A connection that is ours. The fields are dropped in this order.
struct Ours {
    connection: Kept,
    _lock: LockedSqliteHandle<'static>,
}

// SAFETY: as a box of `H` is.
unsafe impl<H: Send> Send for Handle<H> {}

impl<H: Home> Handle<H> {
    /// Takes the connection from sqlx.
    pub(crate) async fn take(home: H) -> Result<Self, sqlx::Error> {
        let home = NonNull::from(Box::leak(Box::new(home)));
        let mut handle = Self { ours: None, home };
        handle.resume().await?;
        Ok(handle)
    }

    /// Takes it from sqlx again.
    pub(crate) async fn resume(&mut self) -> Result<(), sqlx::Error> {
        let connection: *mut SqliteConnection = self.sqlx();
        // SAFETY: it lives until `home` is dropped or given back, which is after `ours` is dropped; until then
        // nothing but the lock refers to it.
        let connection: &'static mut SqliteConnection = unsafe { &mut *connection };
        let mut lock = connection.lock_handle().await?;
        let raw = lock.as_raw_handle();
        // SAFETY: the handle is open, and nobody but us can use it until `ours` is dropped; see the module.
        let ours = unsafe { Kept::take(raw.as_ptr()) };
        let connection = ours.map_err(|_| sqlx::Error::WorkerCrashed)?;
        self.ours = Some(Ours { connection, _lock: lock });
        Ok(())
    }

    /// The connection, while it is ours.
    pub(crate) fn ours(&self) -> &Connection {
        let ours = self.ours.as_ref();
        &ours.expect("it is taken back before anything else is done").connection
    }

    /// Whether it is ours.
    pub(crate) fn is_ours(&self) -> bool {
        self.ours.is_some()
    }

    /// The connection, which is sqlx's from now on.
    pub(crate) fn sqlx(&mut self) -> &mut SqliteConnection {
        self.ours = None;
        // SAFETY: it is from a box, and without a lock nothing else refers to it.
        unsafe { self.home.as_mut() }
    }

    /// In how many transactions sqlx takes the connection to be, which is sqlx's from now on. If it was ours, nothing
    /// is left that sqlx's thread has yet to do.
    pub(crate) fn depth(&mut self) -> usize {
        SqliteTransactionManager::get_transaction_depth(self.sqlx())
    }

    /// Gives it back to where it lives.
    pub(crate) fn into_home(self) -> H {
        let mut handle = ManuallyDrop::new(self);
        handle.ours = None;
        // SAFETY: it is from a box, nothing refers to it any more, and it is not dropped.
        *unsafe { Box::from_raw(handle.home.as_ptr()) }
    }
}

impl<H> Drop for Handle<H> {
    fn drop(&mut self) {
        self.ours = None;
        // SAFETY: it is from a box, and nothing refers to it any more.
        drop(unsafe { Box::from_raw(self.home.as_ptr()) });
    }
}

/// Interrupts what runs on a connection of sqlx's: rusqlite does so for its own alone.
pub(crate) fn interrupt(connection: &Connection) {
    // SAFETY: the handle is open for as long as the connection is there.
    unsafe { ffi::sqlite3_interrupt(connection.handle()) };
}

impl<H> fmt::Debug for Handle<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("is_ours", &self.ours.is_some()).finish_non_exhaustive()
    }
}
