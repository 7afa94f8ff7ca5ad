//! What a database said.

use std::fmt;

/// What a database or its driver said, without the values of any row.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", code_in_words(code.as_deref()))]
pub struct DatabaseError {
    /// The SQLSTATE or the extended result code.
    pub code: Option<String>,
    /// The message, without details that quote a row.
    pub message: String,
    /// Of a failure to serialize: whether it is about what transactions read of each other, and not about a row that
    /// another one changed. For backends.
    #[doc(hidden)]
    pub is_of_reads: bool,
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
        Self { code: None, message: message.into(), is_of_reads: false }
    }

    /// A message with the SQLSTATE or the extended result code.
    pub fn with_code(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: Some(code.into()), message: message.into(), is_of_reads: false }
    }
}

fn code_in_words(code: Option<&str>) -> String {
    code.map_or_else(String::new, |code| format!(" ({code})"))
}
