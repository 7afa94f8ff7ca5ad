//! Whether the file of a database is still the one that was opened.
//!
//! SQLite goes on with a file that was moved, removed or replaced, and connections that are opened later have the
//! new one: what is written is then not what is read.

use std::path::{Path, PathBuf, absolute};

use repo_core::{DatabaseError, Error, Result};

use crate::connect::location::Location;

/// The file of a database when it was opened.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    identity: Option<Identity>,
}

#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = ();

impl Place {
    /// Where it is now; nothing for a database in memory.
    pub(crate) fn of(location: &Location) -> Option<Self> {
        match location {
            Location::Memory => None,
            Location::File { path, .. } => {
                // The folder that is the current one may be another later.
                let path = absolute(path).unwrap_or_else(|_| path.clone());
                Some(Self { identity: identity(&path), path })
            }
        }
    }

    /// Refuses where another file, or none, is there now.
    pub(crate) fn check(&self) -> Result<()> {
        if self.identity == identity(&self.path) {
            return Ok(());
        }
        let path = self.path.display();
        let message = format!("the database file `{path}` was moved, removed or replaced");
        Err(Error::Connection { source: DatabaseError::new(message) })
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    path.metadata().ok().map(|file| (file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<Identity> {
    path.exists().then_some(())
}
