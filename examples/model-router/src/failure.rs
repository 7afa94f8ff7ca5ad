//! What ends the program early, each in one line.

use std::fmt::Display;
use std::io;
use std::path::PathBuf;

/// Why the program did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A file cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// The data file is not a JSON object of entries.
    #[error("`{}` is no registry of models: {source}", path.display())]
    Format { path: PathBuf, source: serde_json::Error },
    /// The name of a file does not say what is in it.
    #[error("`{}` ends neither in `.jsonl`, for lines of JSON, nor in `.csv`", path.display())]
    Extension { path: PathBuf },
    /// A file cannot be written.
    #[error("cannot write `{}`: {source}", path.display())]
    Create { path: PathBuf, source: io::Error },
    /// A file of rows is not what it should be.
    #[error("`{}`: {source}", path.display())]
    File { path: PathBuf, source: repo_core::Error },
    /// There are tables that are not as they should be.
    #[error("the database was made by another version of this program: {finding}")]
    Tables { finding: repo_core::Finding },
    /// The database did not do what it was asked.
    #[error(transparent)]
    Database(#[from] repo_core::Error),
    /// Standard output cannot be written.
    #[error("cannot write the answer: {0}")]
    Write(#[from] io::Error),
}

/// The text without line breaks, whatever a server put in its message.
pub(crate) fn one_line(failure: &impl Display) -> String {
    failure.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
