//! An application of sqlx that moves to repositories: one pool for both, connections lent to queries by hand, and
//! transactions of sqlx that repositories join. Each case is one text, run on both databases.
//!
//! Run with `scripts/test -p beside-sqlx`. What repositories do on an adopted pool is what they do on any: the
//! conformance suite runs on those too.
#![allow(clippy::unwrap_used, reason = "a case that cannot go on has failed")]

#[macro_use]
mod cases;
mod adopt;
mod altered_postgres;
#[path = "../../repo-postgres/tests/postgres/between.rs"]
mod between;
mod joined;
mod joined_errors;
mod left_postgres;
mod left_sqlite;
mod lent;
mod lent_errors;
mod lent_postgres;
mod notes;
mod on_postgres;
mod on_sqlite;
mod only_postgres;
mod only_sqlite;
mod prepared_sqlite;
