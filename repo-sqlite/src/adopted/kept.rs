//! Wrappers of adopted connections between two uses, with the statements that they keep prepared.
//!
//! sqlx closes a connection when it likes to, on its own thread, and panics where a statement is left on it. Before
//! SQLite looks for those it disconnects the virtual tables of the connection, which may keep statements of their own.
//! So each connection has one of ours, an empty [`Watch`]: where it is disconnected, the wrapper goes, and its
//! statements with it.
//!
//! It must not go while it is used: what is used is not in [`PUT_AWAY`]. And it must not be put there once the
//! table is disconnected, or where the table never was connected (a table of the application has its name): then
//! there is no place for it, and it is dropped. A statement about the table would keep it connected: none is ever
//! prepared, as [`Watch`] refuses to be planned for.

#![allow(
    unsafe_code,
    reason = "a virtual table is announced by its layout, a handle by its address"
)]

use std::collections::HashMap;
use std::ffi::c_int;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::ffi::sqlite3;
use rusqlite::vtab::{
    Context, Filters, IndexInfo, Module, VTab, VTabConnection, VTabCursor, eponymous_only_module,
    sqlite3_vtab, sqlite3_vtab_cursor,
};
use rusqlite::{Connection, Result};

use crate::adopted::settings;

/// The name of the virtual table. Only what names it connects it.
const WATCH: &str = "repo_watch";
const CONNECT: &str = "SELECT 1 FROM repo_watch";

/// As many statements as a connection of our own keeps unless told otherwise.
const STATEMENTS: usize = 128;

/// The places of wrappers by the address of the handle: one for each connected [`Watch`].
static PUT_AWAY: LazyLock<Mutex<HashMap<usize, Option<Connection>>>> =
    LazyLock::new(Mutex::default);

/// Nothing that can panic is done under the lock, and nothing is dropped, which would call SQLite.
fn put_away() -> MutexGuard<'static, HashMap<usize, Option<Connection>>> {
    PUT_AWAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A wrapper that is in use. Dropped, it is put away.
pub(crate) struct Kept {
    // Only `drop` takes it.
    connection: ManuallyDrop<Connection>,
    address: usize,
}

impl Kept {
    /// The wrapper of a handle: the one that was put away, or a new one.
    ///
    /// # Safety
    ///
    /// The handle is open, and until what is returned is dropped nobody else uses it, and it is not closed.
    pub(crate) unsafe fn take(handle: *mut sqlite3) -> Result<Self> {
        let address = handle.addr();
        let was_put_away = put_away().get_mut(&address).and_then(Option::take);
        let connection = match was_put_away {
            Some(connection) => connection,
            // SAFETY: the caller's.
            None => set_up(unsafe { Connection::from_handle(handle) }?, address)?,
        };
        // Anew at each use: the table of a module is lost on a schema that `sqlite3_deserialize` took away.
        rusqlite::vtab::array::load_module(&connection)?;
        Ok(Self { connection: ManuallyDrop::new(connection), address })
    }
}

impl Deref for Kept {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // SAFETY: this is the only place that takes it, and runs once.
        let connection = unsafe { ManuallyDrop::take(&mut self.connection) };
        let without_place = match put_away().get_mut(&self.address) {
            Some(place) => place.replace(connection),
            None => Some(connection),
        };
        drop(without_place);
    }
}

fn set_up(connection: Connection, address: usize) -> Result<Connection> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    watch(&connection, address)?;
    // Without a watch nothing is kept, and all else is the same.
    let is_kept = put_away().contains_key(&address);
    tracing::debug!(is_kept, "an adopted connection is used for the first time");
    Ok(connection)
}

fn watch(connection: &Connection, address: usize) -> Result<()> {
    let module: &'static Module<'_, Watch> = eponymous_only_module();
    connection.create_module(WATCH, module, Some(address))?;
    // It reads the schema. Whoever holds the database then is not waited for: the thread is the runtime's.
    let patience = settings::busy_timeout(connection)?;
    connection.busy_timeout(Duration::ZERO)?;
    // An error in any case: it connects the table, or cannot, before the table refuses.
    let refused = connection.prepare(CONNECT).map(drop);
    tracing::trace!(?refused, "what a watch answers with");
    connection.busy_timeout(patience)
}

/// A table without rows, which SQLite disconnects before it closes the connection.
#[repr(C)]
struct Watch {
    base: sqlite3_vtab,
    address: usize,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let put_away = put_away().remove(&self.address);
        drop(put_away);
    }
}

// SAFETY: `sqlite3_vtab` is the first field of a struct that is laid out as in C.
unsafe impl VTab<'_> for Watch {
    type Aux = usize;
    type Cursor = NoRows;

    fn connect(
        _: &mut VTabConnection,
        address: Option<&usize>,
        _: &[&[u8]],
    ) -> Result<(String, Self)> {
        let address = *address.ok_or(rusqlite::Error::InvalidQuery)?;
        let replaced = put_away().insert(address, None);
        drop(replaced);
        let watch = Self { base: sqlite3_vtab::default(), address };
        Ok(("CREATE TABLE watch (x)".to_owned(), watch))
    }

    fn best_index(&self, _: &mut IndexInfo) -> Result<()> {
        Err(rusqlite::Error::ModuleError(format!("`{WATCH}` is a table of the repositories' own")))
    }

    fn open(&mut self) -> Result<NoRows> {
        Ok(NoRows { base: sqlite3_vtab_cursor::default() })
    }
}

/// The rows of a [`Watch`].
#[repr(C)]
struct NoRows {
    base: sqlite3_vtab_cursor,
}

// SAFETY: `sqlite3_vtab_cursor` is the first field of a struct that is laid out as in C.
unsafe impl VTabCursor for NoRows {
    fn filter(&mut self, _: c_int, _: Option<&str>, _: &Filters<'_>) -> Result<()> {
        Ok(())
    }

    fn next(&mut self) -> Result<()> {
        Ok(())
    }

    fn eof(&self) -> bool {
        true
    }

    fn column(&self, _: &mut Context, _: c_int) -> Result<()> {
        Ok(())
    }

    fn rowid(&self) -> Result<i64> {
        Ok(0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use rusqlite::{Connection, StatementStatus};

    use super::{Kept, put_away};

    const READ: &str = "SELECT n FROM numbers WHERE n = ?1";

    fn numbers() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE numbers (n INTEGER) STRICT").unwrap();
        connection
    }

    /// As sqlx's: the handle is open, and used by nobody meanwhile.
    fn take(connection: &Connection) -> Kept {
        // SAFETY: see above.
        unsafe { Kept::take(connection.handle()) }.unwrap()
    }

    fn runs(kept: &Kept) -> i32 {
        let mut read = kept.prepare_cached(READ).unwrap();
        let _: Vec<i64> =
            read.query_map([1], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        read.get_status(StatementStatus::Run)
    }

    #[test]
    fn a_statement_is_prepared_once_however_often_the_connection_is_taken() {
        let connection = numbers();
        for run in 1..4 {
            assert_eq!(runs(&take(&connection)), run);
        }
    }

    #[test]
    fn a_connection_with_kept_statements_can_be_closed() {
        let connection = numbers();
        runs(&take(&connection));
        let address = unsafe { connection.handle() }.addr();
        assert!(put_away().contains_key(&address));
        // SQLite refuses where a statement is left.
        connection.close().unwrap();
        assert!(!put_away().contains_key(&address));
    }

    #[test]
    fn nothing_is_kept_where_a_table_has_the_name_of_ours() {
        let connection = numbers();
        connection.execute_batch("CREATE TABLE repo_watch (n INTEGER)").unwrap();
        for _ in 0..2 {
            assert_eq!(runs(&take(&connection)), 1);
        }
        connection.close().unwrap();
    }

    #[test]
    fn what_is_in_use_is_nobody_elses() {
        let connection = numbers();
        let first = take(&connection);
        runs(&first);
        let second = take(&connection);
        assert_eq!(runs(&second), 1);
        drop((first, second));
        connection.close().unwrap();
    }

    #[test]
    fn a_table_that_is_gone_keeps_nothing() {
        let connection = numbers();
        let kept = take(&connection);
        runs(&kept);
        let module = rusqlite::vtab::eponymous_only_module::<super::Watch>();
        connection.create_module(super::WATCH, module, Some(0)).unwrap();
        // SQLite disconnects a table that is gone when it prepares the next statement.
        connection.execute_batch("SELECT 1").unwrap();
        drop(kept);
        assert_eq!(runs(&take(&connection)), 1);
        connection.close().unwrap();
    }
}
