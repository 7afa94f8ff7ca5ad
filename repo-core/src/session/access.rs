//! The entry of a session over all tenants: that it was opened, by whom and why.
//!
//! Written once, before the session's first statement or transaction, on a connection that is given back
//! before: what a transaction of the session undoes does not undo it.

use std::sync::{PoisonError, RwLock};

use crate::audit::Action;
use crate::audit::append::{Pending, is_without_trail};
use crate::audit::author::Author;
use crate::error::{Error, Result};
use crate::schema::table::Table;
use crate::session::Session;
use crate::session::scope::{Reach, Scope};
use crate::transaction::Executor;
use crate::transaction::turns::Turns;
use crate::unchecked::UNCHECKED;

/// What an entry is about that is about no table.
pub(crate) const ALL_TENANTS: &str = "all_tenants";

/// Whether the entry of a session is written.
#[derive(Debug, Default)]
pub(crate) struct Access {
    is_recorded: Turns<bool>,
    /// The entity of a watched table that a condition or a value of a statement is about, the last one.
    looks_further: RwLock<Option<&'static str>>,
}

impl Access {
    /// Remembers that a statement looks at rows of tables other than its own.
    pub(crate) fn look_at(&self, table: &Table) {
        if is_watched(table) {
            self.look_further(table.entity);
        }
    }

    /// Remembers that a statement looks at what nobody here knows, where that may be watched.
    pub(crate) fn look_by_hand<'t>(&self, known: impl IntoIterator<Item = &'t Table>) {
        if known.into_iter().any(is_watched) {
            self.look_further(UNCHECKED.entity);
        }
    }

    fn look_further(&self, entity: &'static str) {
        *self.looks_further.write().unwrap_or_else(PoisonError::into_inner) = Some(entity);
    }

    /// Whether looking at this table must be recorded.
    pub(crate) fn is_needed(&self, table: Option<&Table>) -> bool {
        table.is_some_and(|table| self.watched(table).is_some())
    }

    /// The entity for whose sake a look at this table is recorded: that of the table, or one that it was found by.
    fn watched(&self, table: &Table) -> Option<&'static str> {
        if is_watched(table) {
            return Some(table.entity);
        }
        *self.looks_further.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the entry, unless it is there. Needed where `table` is recorded in the trail, or is the trail.
    pub(crate) async fn record<S: Scope>(
        &self,
        session: &Session<S>,
        table: Option<&'static Table>,
    ) -> Result<()> {
        let mut is_recorded = self.is_recorded.take().await?;
        if *is_recorded {
            return Ok(());
        }
        let watched = table.and_then(|table| self.watched(table));
        let is_needed = watched.is_some();
        let entity = watched.or(table.map(|table| table.entity)).unwrap_or("row");
        let author = match Author::acting(session, Reach::Shared, entity) {
            Ok(author) => author,
            Err(Error::MissingActor { .. }) if !is_needed => return Ok(()),
            Err(error) => return Err(error),
        };
        if session.in_transaction() {
            return Err(Error::MissingActor { entity });
        }
        if is_needed && author.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
            return Err(Error::invalid_input("reason", "is empty"));
        }
        match self.is_recorded.watch(append(session, author)).await {
            // There is no trail, and so nothing that is recorded in it.
            Err(error) if !is_needed && is_without_trail(&error) => {}
            // It would wait for the transaction around it. The next look outside writes it.
            Err(Error::OutsideTransaction) if !is_needed && table.is_some() => return Ok(()),
            result => result?,
        }
        *is_recorded = true;
        Ok(())
    }
}

/// Whether looking at the rows of all tenants is recorded.
pub(crate) fn is_watched(table: &Table) -> bool {
    table.audit.is_some() || table.is_of_trail()
}

async fn append<S: Scope>(session: &Session<S>, author: Author) -> Result<()> {
    session.refuse_within_transaction()?;
    let entry = Pending::about_no_row(author, ALL_TENANTS, Action::Access, None);
    let handle = Executor::Pool.begin(session.backend(), Default::default(), true).await?;
    let dialect = session.dialect();
    let recorded = match handle.record(dialect, vec![entry]).await {
        Ok(()) => handle.commit(dialect).await,
        Err(error) => Err(error),
    };
    if recorded.is_err() {
        // Where the commit has rolled back by itself this says so, and nothing else is to be done.
        let _ = handle.rollback().await;
    }
    recorded
}
