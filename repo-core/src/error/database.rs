//! What a database said, and what that means.

use std::fmt;

/// What a database or its driver said, without the values of any row.
///
/// What the repositories do about it follows from the [`Error`](crate::Error) that it is in, and from its [`Meaning`],
/// which the backend tells: nothing here reads a code or a message.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", code_in_words(code.as_deref()))]
pub struct DatabaseError {
    /// The SQLSTATE or the extended result code.
    pub code: Option<String>,
    /// The message, without details that quote a row.
    pub message: String,
    meaning: Meaning,
}

/// What an error of a database means to the repositories, where that is more than the variant of
/// [`Error`](crate::Error) says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Meaning {
    /// Nothing more.
    #[default]
    Other,
    /// There is no table of this name, which is without its schema.
    MissingTable(String),
    /// Another transaction changed or removed the row after this one began to see the database. Of a failure to
    /// serialize; a deadlock says nothing about the row, and neither does what transactions read of each other.
    RowChanged,
    /// Nothing was removed: more rows go one below the other than
    /// [`Dialect::cascade_limit`](crate::backend::Dialect::cascade_limit) says.
    TooDeep,
    /// The statement was stopped from outside, or took too long: the rows of it are not tried one by one.
    Cancelled,
    /// The statement did nothing: a table was altered after it was prepared, and it may be run again.
    StaleStatement,
}

impl fmt::Debug for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, message, .. } = self;
        f.debug_struct("DatabaseError").field("code", code).field("message", message).finish()
    }
}

impl DatabaseError {
    /// A message without a code.
    pub fn new(message: impl Into<String>) -> Self {
        Self { code: None, message: message.into(), meaning: Meaning::Other }
    }

    /// A message with the SQLSTATE or the extended result code.
    pub fn with_code(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: Some(code.into()), ..Self::new(message) }
    }

    /// The same, and what it means: what a backend says of an error.
    ///
    /// ```
    /// use repo_core::backend::Meaning;
    /// use repo_core::{DatabaseError, Error};
    ///
    /// let said = DatabaseError::with_code("40001", "could not serialize access due to concurrent update");
    /// let error = Error::Serialization { source: said.meaning(Meaning::RowChanged) };
    /// assert!(error.is_retryable());
    /// ```
    #[must_use]
    pub fn meaning(mut self, meaning: Meaning) -> Self {
        self.meaning = meaning;
        self
    }

    /// Whether there is no table of this name.
    pub fn is_missing_table(&self, name: &str) -> bool {
        matches!(&self.meaning, Meaning::MissingTable(missing) if missing == name)
    }

    /// Whether another transaction changed the row.
    pub fn is_row_changed(&self) -> bool {
        self.meaning == Meaning::RowChanged
    }

    /// Whether the database removed nothing because of its limit.
    pub fn is_too_deep(&self) -> bool {
        self.meaning == Meaning::TooDeep
    }

    /// Whether the statement was stopped.
    pub fn is_cancelled(&self) -> bool {
        self.meaning == Meaning::Cancelled
    }

    /// Whether a table was altered after the statement was prepared.
    pub fn is_stale_statement(&self) -> bool {
        self.meaning == Meaning::StaleStatement
    }
}

fn code_in_words(code: Option<&str>) -> String {
    code.map_or_else(String::new, |code| format!(" ({code})"))
}
