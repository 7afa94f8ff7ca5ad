//! What every backend does alike: one list of cases, run against each.
//!
//! Run with `scripts/test -p conformance`, and one topic or case with a filter behind it:
//! `scripts/test -p conformance tenants`. A case is a sentence, is given a [`Fixture`], and knows no
//! backend; one that is not in the list below is a warning of dead code. Not here: what a single
//! backend promises (`repo-sqlite/tests`, `repo-postgres/tests`), faults of servers and files
//! (`tests/faults`), and sequences of operations that nobody wrote down (`tests/properties`).
#![allow(clippy::unwrap_used, reason = "a case that cannot go on has failed")]

mod crud;
mod entities;
mod expect;
mod fixture;

use fixture::{Fixture, Postgres, Sqlite, SqliteMemory};

/// A test for each case on each store: `postgres::tenants::a_row_of_another_tenant_is_not_found`.
macro_rules! conformance {
    ({ $($name:ident: $store:ty),* $(,)? } $topics:tt) => {
        $(mod $name { conformance!(@topics $store, $topics); })*
    };
    (@topics $store:ty, [$($topic:ident { $($case:ident),* $(,)? })*]) => {
        $(mod $topic { $(
            #[test]
            fn $case() {
                crate::fixture::run::<$store, _>(crate::$topic::$case);
            }
        )* })*
    };
}

conformance! {
    { sqlite: crate::Sqlite, sqlite_memory: crate::SqliteMemory, postgres: crate::Postgres }
    [
        crud { a_created_row_is_found }
    ]
}
