//! A URL chooses the driver, and an error never shows more of it than the scheme.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::ffi::OsStr;
use std::process::Command;

use async_trait::async_trait;
use repo_core::testing::Canned;
use repo_core::{Database, Driver, Error, Settings, connect, connect_from_env};

#[derive(Debug)]
struct Canning(&'static [&'static str]);

#[async_trait]
impl Driver for Canning {
    fn schemes(&self) -> &'static [&'static str] {
        self.0
    }

    async fn connect(&self, _: &str, _: &Settings) -> Result<Database, Error> {
        Ok(Database::new(std::sync::Arc::new(Canned::new())))
    }
}

#[tokio::test]
async fn the_driver_that_knows_the_scheme_is_asked() {
    let drivers: [&dyn Driver; 2] = [&Canning(&["tin", "can"]), &Canning(&["jar"])];
    for url in ["tin://beans", "can:beans", "jar::memory:"] {
        connect(url, &drivers).await.unwrap();
    }
}

#[tokio::test]
async fn an_unknown_scheme_lists_the_known_ones_and_hides_the_rest_of_the_url() {
    let drivers: [&dyn Driver; 1] = [&Canning(&["tin", "can"])];
    let error = connect("mysql://me:secret@host/db", &drivers).await.unwrap_err();
    let expected = "no database driver for `mysql:`; this program knows `tin:`, `can:`";
    assert_eq!(error.to_string(), expected);
    let error = connect("beans.db", &drivers).await.unwrap_err();
    let expected = "the database URL has no scheme; this program knows `tin:`, `can:`";
    assert_eq!(error.to_string(), expected);
}

/// What connecting by the environment says in a process in which these are set and no others.
fn said_where(variables: &[(&str, &OsStr)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "connects_by_the_environment", "--ignored", "--nocapture"]);
    for name in ["DATABASE_URL", "DB_POOL_SIZE", "DB_POOL_TIMEOUT"] {
        command.env_remove(name);
    }
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let said = output.lines().find_map(|line| line.split_once("said: "));
    said.unwrap_or_else(|| panic!("{output}")).1.to_owned()
}

#[tokio::test]
#[ignore = "the process of another test, with an environment of its own"]
async fn connects_by_the_environment() {
    let connected = connect_from_env(&[&Canning(&["can"])]).await;
    let said = connected.map_or_else(|error| error.to_string(), |_| "connected".to_owned());
    println!("\nsaid: {said}");
}

#[test]
fn the_environment_tells_what_to_connect_to() {
    let url = ("DATABASE_URL", OsStr::new("can:beans"));
    assert_eq!(said_where(&[url]), "connected");
    assert_eq!(said_where(&[url, ("DB_POOL_TIMEOUT", OsStr::new("2.5"))]), "connected");
    let expected = "`DATABASE_URL` is not set: for instance `sqlite://app.db`";
    assert!(said_where(&[]).ends_with(expected), "{}", said_where(&[]));
}

#[cfg(unix)]
#[test]
fn what_is_not_utf_8_in_the_environment_is_not_taken_for_unset() {
    use std::os::unix::ffi::OsStrExt as _;

    let url = ("DATABASE_URL", OsStr::new("can:beans"));
    for name in ["DATABASE_URL", "DB_POOL_SIZE", "DB_POOL_TIMEOUT"] {
        let said = said_where(&[url, (name, OsStr::from_bytes(b"can:secret\xff"))]);
        assert!(said.ends_with(&format!("`{name}` is not UTF-8")), "{said}");
        assert!(!said.contains("secret"), "{said}");
    }
}
