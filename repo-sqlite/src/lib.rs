//! SQLite backend of the repo data-access layer, on rusqlite.
