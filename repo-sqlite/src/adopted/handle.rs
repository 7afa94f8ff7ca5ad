//! A connection of sqlx, used through rusqlite: the one place with `unsafe`.
//!
//! sqlx runs a connection of SQLite on a thread of its own, and that thread alone calls SQLite. It can be asked to
//! let go of the handle, which is then wrapped in a connection of rusqlite that does not own it. This is sound,
//! as long as nobody else uses the handle meanwhile, and it is there for as long as the wrapper:
//!
//! - **It is there.** The handle is closed with the [`SqliteConnection`], which the wrapper's owner has: by value
//!   in its pool's guard, or borrowed exclusively for as long as it lives ([`Home`], which is implemented for those
//!   two alone). Both are reached through it only, and only after the wrapper is dropped.
//! - **Nobody else uses it.** The thread does what it is sent, in order, and only a `&mut SqliteConnection` can
//!   send. `lock_handle` is answered after all that was sent before, also what was cancelled; from then on the
//!   thread waits to be sent something, and has called SQLite for the last time. The lock orders its calls before
//!   ours, and the channel ours before its next ones.
//! - **The types are those of one library.** Both crates are built on one `libsqlite3-sys`: another version of
//!   either does not compile here.
//! - **Threads.** SQLite is compiled for threads, and a connection may be used by one after the other: both
//!   crates rely on it. Hooks, functions and collations that the application registered are `Send`, and run where the
//!   connection is used.
//! - **Nothing is left behind.** A statement borrows the wrapper, and those that it keeps prepared are finalised
//!   when it is dropped. Nothing of rusqlite that outlives it is made here: no hook, no blob, no backup, no
//!   interrupt handle. The module of `rarray` is registered without data.
//!
//! A wrapper that is leaked keeps its statements, so that sqlx cannot close the connection and panics; the handle
//! stays valid then as well.

#![allow(unsafe_code, reason = "sqlx and rusqlite share no safe way to a handle; see the module")]

use std::fmt;
use std::ops::DerefMut;

use rusqlite::Connection;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteTransactionManager;
use sqlx::{Sqlite, SqliteConnection};
use sqlx_core::transaction::TransactionManager as _;

/// Where a connection lives that is used here: nobody else can reach it.
pub(crate) trait Home: DerefMut<Target = SqliteConnection> + Send {}

impl Home for PoolConnection<Sqlite> {}
impl Home for &mut SqliteConnection {}

/// A connection that is either ours, through rusqlite, or sqlx's.
pub(crate) struct Handle<H> {
    // Dropped before `home`, which gives the connection to others.
    ours: Option<Connection>,
    home: H,
}

impl<H: Home> Handle<H> {
    /// Takes the connection from sqlx.
    pub(crate) async fn take(home: H) -> Result<Self, sqlx::Error> {
        let mut handle = Self { ours: None, home };
        handle.resume().await?;
        Ok(handle)
    }

    /// Takes it from sqlx again.
    pub(crate) async fn resume(&mut self) -> Result<(), sqlx::Error> {
        self.ours = None;
        let mut locked = self.home.lock_handle().await?;
        let raw = locked.as_raw_handle();
        // SAFETY: the handle is open, and nobody but us can use it until `ours` is dropped; see the module.
        let ours = unsafe { Connection::from_handle(raw.as_ptr()) };
        self.ours = Some(ours.map_err(|_| sqlx::Error::WorkerCrashed)?);
        Ok(())
    }

    /// The connection, while it is ours.
    pub(crate) fn ours(&self) -> &Connection {
        self.ours.as_ref().expect("it is taken back before anything else is done")
    }

    /// Whether it is ours.
    pub(crate) fn is_ours(&self) -> bool {
        self.ours.is_some()
    }

    /// The connection, which is sqlx's from now on.
    pub(crate) fn sqlx(&mut self) -> &mut SqliteConnection {
        self.ours = None;
        &mut self.home
    }

    /// In how many transactions sqlx takes it to be. Of its thread nothing is asked.
    pub(crate) fn depth(&self) -> usize {
        SqliteTransactionManager::get_transaction_depth(&self.home)
    }

    /// Gives it back to where it lives.
    pub(crate) fn into_home(self) -> H {
        let Self { ours, home } = self;
        drop(ours);
        home
    }
}

impl<H> fmt::Debug for Handle<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("is_ours", &self.ours.is_some()).finish_non_exhaustive()
    }
}
