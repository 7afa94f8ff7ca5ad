//! What an entity asks of its rows before they are kept: the traits that a program implements, and the
//! problems they find.
//!
//! A row is refused with all of its problems at once. Which rows are looked at, and when, is in `hooks.rs`.
//! Absent: what a column can hold, which its type and its attributes say.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use crate::column::Column;
use crate::entity::{Entity, Mutable};
use crate::error::Error;
use crate::private::{ValidatedOnCreate, ValidatedOnDelete, ValidatedOnUpdate};
use crate::repo::value_in_words;
use crate::schema::table::Table;
use crate::value::Value;
use crate::value::column_type::ColumnType;

/// What is asked of a new row, of an entity with `validate(create)`. Implemented for `NewIncident`.
///
/// Every way to create a row asks: `create`, `create_many` and, whether or not the row is there already,
/// `create_or_get`, `upsert` and `upsert_many`. A row with problems is [`Error::ValidationFailed`], and nothing was sent.
///
/// ```
/// use repo_core::{Problems, Repository, Validate};
///
/// #[derive(Repository)]
/// #[repository(table = "notes", validate(create))]
/// struct Note {
///     id: uuid::Uuid,
///     title: String,
///     #[repository(default = 1)]
///     priority: i64,
/// }
///
/// impl Validate for NewNote {
///     fn validate(&self, problems: &mut Problems<Note>) {
///         problems.require(Note::TITLE, !self.title.trim().is_empty(), "is empty");
///     }
///
///     fn validate_row(note: &Note, problems: &mut Problems<Note>) {
///         problems.require(Note::PRIORITY, (1..=5).contains(&note.priority), "is not from 1 to 5");
///     }
/// }
///
/// let mut problems = Problems::new();
/// NewNote { title: " ".into() }.validate(&mut problems);
/// assert_eq!(problems.found()[0].to_string(), "`title` is empty");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has the key `validate(create)`, and nothing says what is valid",
    label = "`Validate` is not implemented for `{Self}`",
    note = "write `impl Validate for {Self} {{ fn validate(&self, problems: &mut Problems<..>) {{ .. }} }}`"
)]
pub trait Validate: ValidatedOnCreate {
    /// Tells the problems of the columns that the caller gives.
    fn validate(&self, problems: &mut Problems<Self::Entity>);

    /// Tells the problems of the whole row as it will be stored: with the columns that have a default, and
    /// those that the repository writes. An id that the database makes is 0. No problems unless it is
    /// written.
    fn validate_row(row: &Self::Entity, problems: &mut Problems<Self::Entity>) {
        let _ = (row, problems);
    }
}

/// What is asked of a row that changes, of an entity with `validate(update)`.
///
/// Every way to change columns of a row asks, one row or many, sums included, once the change is known and
/// before it is kept: `update`, `patch`, `patch_all`, `patch_many`, `upsert`. A change that changes nothing is
/// not asked about. A row with problems is [`Error::ValidationFailed`]; what had been changed is undone, and the
/// transaction around it can go on: inside a transaction each such change is a savepoint. `restore` does not ask: it brings back what was valid.
///
/// ```
/// use repo_core::{Problems, Repository, ValidateUpdate};
///
/// #[derive(Repository)]
/// #[repository(table = "orders", validate(update))]
/// struct Order {
///     id: uuid::Uuid,
///     paid: bool,
///     cents: i64,
/// }
///
/// impl ValidateUpdate for Order {
///     fn validate_update(&self, before: &Order, problems: &mut Problems<Order>) {
///         let is_changed = self.cents != before.cents;
///         problems.require(Order::CENTS, !(before.paid && is_changed), "cannot change: it is paid");
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has the key `validate(update)`, and nothing says what is valid",
    label = "`ValidateUpdate` is not implemented for `{Self}`",
    note = "write `impl ValidateUpdate for {Self} {{ fn validate_update(&self, before: &{Self}, problems: &mut Problems<{Self}>) {{ .. }} }}`"
)]
pub trait ValidateUpdate: ValidatedOnUpdate + Mutable {
    /// Tells the problems of the row as it will be, which is `self`.
    fn validate_update(&self, before: &Self, problems: &mut Problems<Self>);
}

/// What is asked of a row that is deleted, of an entity with `validate(delete)`.
///
/// Every way to delete a row asks, marked or removed: `delete`, `delete_many`, `delete_all`, and the deletion
/// or the purge of a row that it goes with. One row with problems keeps all of them. A row that is deleted already
/// was asked then: `purge` does not ask it again.
///
/// ```
/// use repo_core::{Problems, Repository, ValidateDelete};
///
/// #[derive(Repository)]
/// #[repository(table = "orders", validate(delete))]
/// struct Order {
///     id: uuid::Uuid,
///     paid: bool,
/// }
///
/// impl ValidateDelete for Order {
///     fn validate_delete(&self, problems: &mut Problems<Order>) {
///         problems.require(Order::PAID, !self.paid, "says that it is kept");
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has the key `validate(delete)`, and nothing says what may be deleted",
    label = "`ValidateDelete` is not implemented for `{Self}`",
    note = "write `impl ValidateDelete for {Self} {{ fn validate_delete(&self, problems: &mut Problems<{Self}>) {{ .. }} }}`"
)]
pub trait ValidateDelete: ValidatedOnDelete + Mutable {
    /// Tells why the row, as it is stored, cannot be deleted.
    fn validate_delete(&self, problems: &mut Problems<Self>);
}

/// What is wrong with a row: of [`Error::ValidationFailed`].
///
/// ```
/// # use repo_core::Problem;
/// let problem = Problem { column: Some("title"), reason: "is empty".into() };
/// assert_eq!(problem.to_string(), "`title` is empty");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The column that it is about; none where it is about the row.
    pub column: Option<&'static str>,
    /// What is wrong with it, in words that complete "`title` ...".
    pub reason: Cow<'static, str>,
}

/// The problems of one row of `E`, as they are found.
///
/// Reasons are shown in errors and logs: they say what is expected, not what a column holds.
///
/// ```
/// # use repo_core::{Problems, Repository};
/// # #[derive(Repository)]
/// # #[repository(table = "stays")]
/// # struct Stay { id: uuid::Uuid, nights: i64, guests: i64 }
/// let (nights, guests) = (0, 3);
/// let mut problems = Problems::<Stay>::new();
/// problems.require(Stay::NIGHTS, nights > 0, "is not positive");
/// problems.require(Stay::GUESTS, guests > 0, "is not positive");
/// problems.add("guests stay for a night at least");
/// assert_eq!(problems.found().len(), 2);
/// ```
pub struct Problems<E> {
    found: Vec<Problem>,
    entity: PhantomData<fn() -> E>,
}

impl<E: Entity> Problems<E> {
    /// No problems yet.
    ///
    /// ```
    /// # #[derive(repo_core::Repository)]
    /// # #[repository(table = "notes")]
    /// # struct Note { id: uuid::Uuid }
    /// assert!(repo_core::Problems::<Note>::new().found().is_empty());
    /// ```
    pub fn new() -> Self {
        Self { found: Vec::new(), entity: PhantomData }
    }

    /// A problem with `column` unless `holds`. `reason` completes "`title` ...".
    ///
    /// ```
    /// # #[derive(repo_core::Repository)]
    /// # #[repository(table = "notes")]
    /// # struct Note { id: uuid::Uuid, title: String }
    /// let mut problems = repo_core::Problems::new();
    /// problems.require(Note::TITLE, "a note".len() < 80, "is longer than a line");
    /// assert!(problems.found().is_empty());
    /// ```
    pub fn require<T: ColumnType>(
        &mut self,
        column: Column<E, T>,
        holds: bool,
        reason: impl Into<Cow<'static, str>>,
    ) {
        if !holds {
            self.found.push(Problem { column: Some(column.name()), reason: reason.into() });
        }
    }

    /// A problem with the row.
    ///
    /// ```
    /// # #[derive(repo_core::Repository)]
    /// # #[repository(table = "spans")]
    /// # struct Span { id: uuid::Uuid, from: i64, to: i64 }
    /// # let span = Span { id: uuid::Uuid::nil(), from: 2, to: 1 };
    /// let mut problems = repo_core::Problems::<Span>::new();
    /// if span.to < span.from {
    ///     problems.add("it ends before it begins");
    /// }
    /// assert_eq!(problems.found()[0].column, None);
    /// ```
    pub fn add(&mut self, reason: impl Into<Cow<'static, str>>) {
        self.found.push(Problem { column: None, reason: reason.into() });
    }

    /// Those that were found, in their order.
    ///
    /// ```
    /// # #[derive(repo_core::Repository)]
    /// # #[repository(table = "notes")]
    /// # struct Note { id: uuid::Uuid }
    /// let mut problems = repo_core::Problems::<Note>::new();
    /// problems.add("there are too many notes");
    /// assert_eq!(problems.found()[0].reason, "there are too many notes");
    /// ```
    pub fn found(&self) -> &[Problem] {
        &self.found
    }

    pub(crate) fn into_found(self) -> Vec<Problem> {
        self.found
    }

    /// Refuses a new row that has some.
    pub(crate) fn refuse_new(self) -> Result<(), Error> {
        refuse(E::TABLE, None, self.found)
    }
}

impl<E: Entity> Default for Problems<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> fmt::Debug for Problems<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.found).finish()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            Some(column) => write!(f, "`{column}` {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

/// Refuses a row that has problems.
pub(crate) fn refuse(
    table: &Table,
    id: Option<&Value<'_>>,
    problems: Vec<Problem>,
) -> Result<(), Error> {
    if problems.is_empty() {
        return Ok(());
    }
    let id = id.map(value_in_words);
    Err(Error::ValidationFailed { entity: table.entity, id, problems })
}

/// The message of [`Error::ValidationFailed`].
pub(crate) fn in_words(entity: &str, id: Option<&str>, problems: &[Problem]) -> String {
    let which = match id {
        Some(id) => format!("the `{entity}` {}", id.escape_debug()),
        None => format!("the new `{entity}`"),
    };
    let problems: Vec<String> = problems.iter().map(Problem::to_string).collect();
    format!("{which} is not valid: {}", problems.join("; "))
}
