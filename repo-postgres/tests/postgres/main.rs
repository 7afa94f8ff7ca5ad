//! The backend against a real server, through the traits that core uses.
//!
//! `scripts/with-postgres cargo test -p repo-postgres` runs them. `REPO_TEST_POSTGRES_URL` names the
//! server; without it the tests say that they are skipped, and with `REPO_TEST_REQUIRE_POSTGRES=1` they
//! fail. Each test has a schema of its own, removed at its end, and those that stop a server one made
//! by `scripts/postgres`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod altered;
mod backslashes;
mod behind;
mod between;
mod cancelled;
#[path = "../../../tests/conformance/capture.rs"]
mod capture;
mod doctor;
mod encodings;
mod faults;
mod gate;
mod guards;
mod inserts;
mod isolation;
mod locks;
mod lookups;
mod lost_commits;
mod marks;
mod plans;
mod pool;
mod pooler;
mod restored;
mod row_security;
mod runtimes;
mod scratch;
mod server;
mod settings;
mod short_ways;
mod sqlx_holes;
mod statements;
mod tables;
mod together;
mod transactions;
mod turns;
mod upserts;
mod values;
mod waiting;
