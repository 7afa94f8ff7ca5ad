//! A URL chooses the driver, and an error never shows more of it than the scheme.

#![allow(clippy::unwrap_used, reason = "a test may")]

use async_trait::async_trait;
use repo_core::testing::Canned;
use repo_core::{Database, Driver, Error, Settings, connect};

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
