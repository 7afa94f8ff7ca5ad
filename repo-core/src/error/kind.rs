//! Questions about an error that many variants answer alike. Of a row or a line they look at its cause.

use crate::error::Error;

impl Error {
    /// Whether the same operation, run again from its start, may succeed.
    ///
    /// False for [`CommitUnknown`](Error::CommitUnknown): it may already have happened.
    pub fn is_retryable(&self) -> bool {
        use Error::{Busy, Connection, PoolTimeout, Serialization};
        matches!(
            self.cause(),
            Busy { .. } | Serialization { .. } | PoolTimeout { .. } | Connection { .. }
        )
    }

    /// Whether no live row of this tenant has the id, or answers the query.
    pub fn is_not_found(&self) -> bool {
        matches!(self.cause(), Error::NotFound { .. } | Error::NoMatch { .. })
    }

    /// Whether another row has the same value in a unique column.
    pub fn is_conflict(&self) -> bool {
        matches!(self.cause(), Error::Conflict { .. } | Error::RestoreConflict { .. })
    }

    /// Whether the row changed after it was read.
    pub fn is_version_conflict(&self) -> bool {
        matches!(self.cause(), Error::VersionConflict { .. })
    }

    /// Whether a value was refused before anything was sent.
    pub fn is_invalid_input(&self) -> bool {
        matches!(self.cause(), Error::InvalidInput { .. })
    }

    /// Whether what the program asks of a row does not hold.
    pub fn is_validation_failed(&self) -> bool {
        matches!(self.cause(), Error::ValidationFailed { .. })
    }
}
