//! What an operation answered, as text: the same for the model and for a database, down to the digits
//! of a decimal.

use std::fmt::Debug;

use repo_core::{Error, Page, Result, Window};

/// What the operations of one run answered, in their order.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    answers: Vec<String>,
}

/// A page as the model makes it and a database answers it.
#[derive(Debug)]
pub(crate) struct Paged<E> {
    pub(crate) items: Vec<E>,
    pub(crate) total: u64,
    pub(crate) pages: u64,
    pub(crate) has_previous: bool,
    pub(crate) has_next: bool,
}

/// A window without its cursors, which the model does not make.
#[derive(Debug)]
pub(crate) struct Windowed<E> {
    pub(crate) items: Vec<E>,
    pub(crate) has_previous: bool,
    pub(crate) has_next: bool,
}

impl Trace {
    pub(crate) fn add<T: Debug>(&mut self, what: &str, result: &Result<T>) {
        let answer = match result {
            Ok(value) => format!("{value:?}"),
            Err(error) => format!("error: {}", described(error)),
        };
        self.answers.push(format!("{what}: {answer}"));
    }

    pub(crate) fn note(&mut self, what: &str) {
        self.answers.push(what.to_owned());
    }

    /// The first answer in which two runs of the same operations differ, of each.
    pub(crate) fn difference<'a>(&'a self, other: &'a Trace) -> Option<(&'a str, &'a str)> {
        let longest = self.answers.len().max(other.answers.len());
        let at = |trace: &'a Trace, index: usize| {
            trace.answers.get(index).map_or("(no more answers)", String::as_str)
        };
        (0..longest).map(|i| (at(self, i), at(other, i))).find(|(mine, theirs)| mine != theirs)
    }
}

impl<E> Paged<E> {
    pub(crate) fn map<T: From<E>>(self) -> Paged<T> {
        let Self { items, total, pages, has_previous, has_next } = self;
        Paged { items: converted(items), total, pages, has_previous, has_next }
    }
}

impl<E: Clone> Windowed<E> {
    pub(crate) fn map<T: From<E>>(&self) -> Windowed<T> {
        let Self { items, has_previous, has_next } = self;
        let items = converted(items.clone());
        Windowed { items, has_previous: *has_previous, has_next: *has_next }
    }
}

/// As something else.
pub(crate) fn converted<E, T: From<E>>(items: Vec<E>) -> Vec<T> {
    items.into_iter().map(T::from).collect()
}

impl<E> From<Page<E>> for Paged<E> {
    fn from(page: Page<E>) -> Self {
        let (pages, total) = (page.pages(), page.total);
        let (has_previous, has_next) = (page.has_previous(), page.has_next());
        Self { items: page.items, total, pages, has_previous, has_next }
    }
}

impl<E> From<Window<E>> for Windowed<E> {
    fn from(window: Window<E>) -> Self {
        let Window { items, has_previous, has_next, .. } = window;
        Self { items, has_previous, has_next }
    }
}

/// An error with all its fields, but for the words of the database.
fn described(error: &Error) -> String {
    // What failed a transaction is remembered in the words of the database: SQLite knows no sum, but a check.
    const SUMS: [&str; 3] = [
        "a number of the `Item` would be out of range",
        "the check `items_score_check` refused the `Item`",
        "the check `items_price_check` refused the `Item`",
    ];
    const READ_ONLY: &str = "the database is read-only here";
    match error {
        Error::ReadOnly { .. } => READ_ONLY.to_owned(),
        Error::TransactionFailed { reason } if reason.starts_with(READ_ONLY) => {
            format!("transaction failed: {READ_ONLY}")
        }
        Error::TransactionFailed { reason } if SUMS.contains(&reason.as_str()) => {
            "transaction failed: a sum does not fit".to_owned()
        }
        other => format!("{other:?}"),
    }
}
