//! Errors of operations on several rows, which say which of them is the cause.
//!
//! Only what a row can cause is said of one: a lost connection is of none. How the row is found where a
//! database does not tell is in `refused.rs`.

use crate::error::Error;

impl Error {
    /// The place of the row that is the cause, counted from 0, among the rows that were given to
    /// [`create_many`](crate::Repo::create_many) and the like. None where no single row is, or it is not known.
    ///
    /// ```
    /// # use repo_core::{Error, NoTenant, Repository};
    /// # #[derive(Repository)]
    /// # #[repository(table = "notes")]
    /// # struct Note { id: uuid::Uuid, #[repository(unique)] title: String }
    /// # async fn f(notes: NoteRepository<NoTenant>, titles: Vec<String>) -> Result<(), Error> {
    /// let new = titles.iter().map(|title| NewNote { title: title.clone() });
    /// match notes.create_many(new).await {
    ///     Ok(created) => println!("{} notes", created.len()),
    ///     Err(error) if error.is_conflict() => match error.row() {
    ///         Some(row) => println!("there is a note with the title {:?}", titles[row]),
    ///         None => println!("there was one, which is gone by now"),
    ///     },
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn row(&self) -> Option<usize> {
        match self {
            Error::InRow { index, .. } => Some(*index),
            _ => None,
        }
    }

    /// Why a row was refused, of several or of a file: the error without its place, and any other error as it is. Methods
    /// such as [`is_conflict`](Self::is_conflict) look at this one.
    pub fn cause(&self) -> &Error {
        match self {
            Error::InRow { source, .. } | Error::OnLine { source, .. } => source.cause(),
            error => error,
        }
    }

    /// The same, owned.
    #[must_use]
    pub fn into_cause(self) -> Error {
        match self {
            Error::InRow { source, .. } | Error::OnLine { source, .. } => source.into_cause(),
            error => error,
        }
    }

    /// The error as that of the row at `index`, if a row can be the cause of it.
    #[must_use]
    pub fn in_row(self, index: usize) -> Error {
        if self.is_of_a_row() {
            return Error::InRow { index, source: Box::new(self.into_cause()) };
        }
        self
    }

    /// Whether a row can be the cause of it.
    pub(crate) fn is_of_a_row(&self) -> bool {
        use Error::{
            Check, Conflict, ForeignKey, IdempotencyMismatch, Immutable, InvalidInput, NotDeleted,
            NotFound, OutOfRange, ParentDeleted, RestoreConflict, ValidationFailed,
            VersionConflict,
        };
        matches!(
            self.cause(),
            Check { .. }
                | Conflict { .. }
                | ForeignKey { .. }
                | IdempotencyMismatch { .. }
                | Immutable { .. }
                | ValidationFailed { .. }
                | InvalidInput { .. }
                | NotDeleted { .. }
                | NotFound { .. }
                | OutOfRange { .. }
                | ParentDeleted { .. }
                | RestoreConflict { .. }
                | VersionConflict { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::error::{DatabaseError, Error, ReferenceSide};

    #[test]
    fn an_error_of_a_row_is_what_its_cause_is() {
        let error = Error::invalid_input("title", "is too long").in_row(3);
        assert_eq!(error.row(), Some(3));
        assert!(error.is_invalid_input() && !error.is_conflict());
        assert_eq!(
            error.to_string(),
            "of the rows given, number 3, counted from 0: `title` is too long"
        );
        assert!(matches!(error.cause(), Error::InvalidInput { .. }));
    }

    #[test]
    fn a_row_has_one_place() {
        let (side, reference, told) = (ReferenceSide::Child, None, None);
        let error = Error::ForeignKey { entity: "Note", side, reference, told };
        let error = error.in_row(1).in_row(7);
        assert_eq!(error.row(), Some(7));
        assert!(matches!(error.into_cause(), Error::ForeignKey { .. }));
    }

    #[test]
    fn what_no_row_can_cause_is_of_none() {
        let busy = Error::Busy { source: DatabaseError::new("locked") }.in_row(1);
        assert!(busy.row().is_none() && busy.is_retryable());
    }
}
