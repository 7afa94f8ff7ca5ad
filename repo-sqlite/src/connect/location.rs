//! Which database a URL or a path means.

use std::fmt;
use std::path::{Path, PathBuf};

use repo_core::{Error, Result};

/// A database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// In memory, gone with its connection.
    Memory,
    /// A file.
    File {
        /// Absolute, so that it stays the same file when the process changes its folder.
        path: PathBuf,
        mode: Mode,
    },
}

/// What may be done with the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    ReadOnly,
    ReadWrite,
    /// Read, written, and made if it is not there.
    Create,
}

impl Location {
    /// Reads `sqlite://desk.db`, `sqlite:desk.db`, `sqlite:///abs/desk.db`, `sqlite::memory:`, each with
    /// `?mode=ro`, `rw` or `rwc`, or a plain path.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let Some(rest) = url.strip_prefix("sqlite:") else {
            return Self::of_path(url);
        };
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mode = parse_mode(query)?;
        Self::file(&decode(path)?, mode)
    }

    /// A path is taken as it is, whatever characters it has; but not the URL of another database.
    fn of_path(path: &str) -> Result<Self> {
        if let Some((scheme, _)) = path.split_once("://") {
            return Err(configuration(format!(
                "`{scheme}://` is not a URL of SQLite: write `sqlite://` and the path of a file"
            )));
        }
        Self::file(path, Mode::Create)
    }

    fn file(path: &str, mode: Mode) -> Result<Self> {
        if path == ":memory:" {
            return Ok(Location::Memory);
        }
        if path.is_empty() {
            return Err(configuration(
                "the URL names no database: write `sqlite://desk.db` or `sqlite::memory:`",
            ));
        }
        let path = std::path::absolute(Path::new(path)).map_err(|error| {
            configuration(format!("the path of the database is not possible: {error}"))
        })?;
        Ok(Location::File { path, mode })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::Memory => f.write_str("the in-memory database"),
            Location::File { path, .. } => write!(f, "`{}`", path.display()),
        }
    }
}

fn parse_mode(query: &str) -> Result<Mode> {
    let mut mode = Mode::Create;
    for part in query.split('&').filter(|part| !part.is_empty()) {
        mode = match part {
            "mode=ro" => Mode::ReadOnly,
            "mode=rw" => Mode::ReadWrite,
            "mode=rwc" => Mode::Create,
            _ => {
                let key = part.split('=').next().unwrap_or(part);
                return Err(configuration(format!(
                    "`{key}` in the URL means nothing here: write `mode=ro`, `mode=rw` or `mode=rwc`"
                )));
            }
        };
    }
    Ok(mode)
}

/// Replaces `%20` and the like.
fn decode(path: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut parts = path.split('%');
    bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let byte = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let byte = byte.ok_or_else(|| {
            configuration(
                "a `%` in the URL is followed by two hexadecimal digits; `%25` is `%` itself",
            )
        })?;
        bytes.push(byte);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).map_err(|_| configuration("the path in the URL is not UTF-8"))
}

fn configuration(reason: impl Into<String>) -> Error {
    Error::Configuration { reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, mode: Mode) -> Location {
        Location::File { path: std::path::absolute(path).expect("a path of the test"), mode }
    }

    #[test]
    fn every_form_of_url_is_read() {
        for (url, expected) in [
            ("sqlite://desk.db", file("desk.db", Mode::Create)),
            ("sqlite:desk.db", file("desk.db", Mode::Create)),
            ("sqlite:///var/desk.db", file("/var/desk.db", Mode::Create)),
            ("sqlite://desk.db?mode=ro", file("desk.db", Mode::ReadOnly)),
            ("sqlite://desk.db?mode=rw", file("desk.db", Mode::ReadWrite)),
            ("sqlite://desk.db?mode=rwc", file("desk.db", Mode::Create)),
            ("sqlite://my%20d%C3%A9sk.db", file("my désk.db", Mode::Create)),
            ("sqlite::memory:", Location::Memory),
            ("sqlite://:memory:", Location::Memory),
            (":memory:", Location::Memory),
            ("desk.db", file("desk.db", Mode::Create)),
            ("100%.db", file("100%.db", Mode::Create)),
        ] {
            assert_eq!(Location::parse(url).expect(url), expected, "{url}");
        }
    }

    #[test]
    fn a_url_that_means_nothing_is_explained_without_its_secrets() {
        for url in [
            "sqlite://",
            "sqlite:",
            "",
            "postgres://root:hunter2@host/desk",
            "sqlite://desk.db?mode=fast",
            "sqlite://desk.db?key=hunter2",
            "sqlite://desk%2.db",
            "sqlite://desk%ff.db",
        ] {
            let error = Location::parse(url).expect_err(url);
            assert!(matches!(error, Error::Configuration { .. }), "{url}: {error}");
            assert!(!error.to_string().contains("hunter2"), "{url}: {error}");
            assert!(!error.to_string().contains('\n'), "{url}: {error}");
        }
    }
}
