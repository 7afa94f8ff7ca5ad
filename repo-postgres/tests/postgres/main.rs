//! The backend against a real server, through the traits that core uses.
//!
//! `REPO_TEST_POSTGRES_URL` names the server. Without it the tests say that they are skipped, and with
//! `REPO_TEST_REQUIRE_POSTGRES=1` they fail. Each test has a schema of its own, removed at its end. What
//! needs a server to stop starts one of its own from the installed binaries.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod inserts;
mod scratch;
mod sqlx_holes;
mod statements;
mod transactions;
mod values;
