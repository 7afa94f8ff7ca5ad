//! The program as a person or another program runs it: on SQLite, and on Postgres where
//! `REPO_TEST_POSTGRES_URL` names a server.

mod failures;
mod files;
mod imports;
mod output;
mod program;
mod searches;
