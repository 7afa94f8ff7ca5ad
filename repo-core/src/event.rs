//! Telling a program what was committed: events of rows, and who listens.
//!
//! An event waits for the end of the outermost transaction as a hook of `after_commit` does, and goes with the
//! savepoint that is undone. A listener that panics is logged: what was committed stays so. Absent: telling
//! other processes, and telling again what nobody heard.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};

use futures_util::FutureExt as _;

use crate::audit::{Action, image};
use crate::database::Database;
use crate::entity::Entity;
use crate::error::Result;
use crate::hooks::Changed;
use crate::private::Observed;
use crate::read::decode;
use crate::read::values::Values;
use crate::schema::table::Table;
use crate::session::Session;
use crate::session::scope::Scope;
use crate::transaction::Executor;
use crate::value::Value;

/// A change of a row that was committed, of an entity with `events`.
///
/// Its `Debug` shows no values.
///
/// ```
/// # use repo_core::{Action, Event, Repository};
/// # #[derive(Repository)]
/// # #[repository(table = "notes", events)]
/// # struct Note { id: uuid::Uuid, title: String }
/// fn describe(event: &Event<Note>) -> String {
///     match event.action {
///         Action::Create => format!("{} is new", event.id),
///         Action::Update => format!("{} is now called {}", event.id, event.row().title),
///         _ => format!("{} was {}d", event.id, event.action.as_str()),
///     }
/// }
/// ```
#[non_exhaustive]
pub struct Event<E: Entity> {
    /// What was done.
    pub action: Action,
    /// The id of the row.
    pub id: E::Id,
    /// The tenant whose row it is, as text, as the audit trail writes it; none for a row that belongs to no
    /// tenant.
    pub tenant: Option<String>,
    /// The correlation of the session that made the change.
    pub correlation: Option<String>,
    /// The row as it was; none where it was created.
    pub before: Option<E>,
    /// The row as it is; none where it was removed. A row that is marked as deleted still is.
    pub after: Option<E>,
}

impl Database {
    /// Calls `listener` with each change of a row of `E` that is committed through this database or a clone of
    /// it, in the order of the changes and each time to its end, as a part of the commit, after the connection
    /// is free. What is not committed is told to nobody, and so is a change that changes nothing.
    ///
    /// The order is that of one transaction: two that commit at once are told at once. Whoever keeps rows from
    /// events compares their versions, or forgets what changed and reads it again.
    ///
    /// Every way to write tells: one row or many, rows that are deleted, restored or purged with others. SQL by
    /// hand and other processes do not. What was committed is told at most once: if the commit is dropped
    /// amid its listeners, those that are left are not called. A listener that panics is logged, and the
    /// others are called.
    ///
    /// Listeners are told of the changes of all tenants. They are given at start-up, and stay: of a transaction
    /// that is open already one is told what is done after it was given, and one that holds the database keeps
    /// it, until it is [closed](Self::close). Events wait in memory for the commit.
    ///
    /// ```no_run
    /// # use std::{collections::HashMap, sync::{Arc, Mutex}};
    /// # use repo_core::{Database, Event, Repository};
    /// # use uuid::Uuid;
    /// # #[derive(Repository)]
    /// # #[repository(table = "notes", events)]
    /// # struct Note { id: Uuid, title: String }
    /// # fn f(db: Database) {
    /// let cache: Arc<Mutex<HashMap<Uuid, Note>>> = Arc::default();
    /// let titles = Arc::clone(&cache);
    /// db.on_commit(move |event: Event<Note>| {
    ///     titles.lock().expect("nobody panics with it").remove(&event.id);
    ///     async {}
    /// });
    /// # }
    /// ```
    pub fn on_commit<E, F, Told>(&self, listener: F)
    where
        E: Entity + Observed,
        F: Fn(Event<E>) -> Told + Send + Sync + 'static,
        Told: Future<Output = ()> + Send + 'static,
    {
        self.listeners().add(
            TypeId::of::<E>(),
            Arc::new(move |change| Ok(Box::pin(listener(Event::of(change)?)))),
        );
    }
}

impl<E: Entity> Event<E> {
    /// The row as it is, or as it was where it is gone.
    ///
    /// # Panics
    ///
    /// When somebody took both out of the event.
    ///
    /// ```
    /// # #[derive(repo_core::Repository)]
    /// # #[repository(table = "notes", events)]
    /// # struct Note { id: uuid::Uuid, title: String }
    /// fn title(event: &repo_core::Event<Note>) -> &str {
    ///     &event.row().title
    /// }
    /// ```
    pub fn row(&self) -> &E {
        self.after.as_ref().or(self.before.as_ref()).expect("an event is about a row")
    }

    fn of(change: &Change) -> Result<Self> {
        let row = |row: &Option<Stored>| {
            row.as_deref().map(|values| decode::<E>(&Values(values))).transpose()
        };
        let (before, after) = (row(&change.before)?, row(&change.after)?);
        let id = after.as_ref().or(before.as_ref()).map(|row| row.id().clone());
        Ok(Self {
            action: change.action,
            id: id.expect("a change is one of a row"),
            tenant: change.tenant.clone(),
            correlation: change.correlation.as_deref().map(str::to_owned),
            before,
            after,
        })
    }
}

impl<E: Entity> fmt::Debug for Event<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (entity, action) = (E::TABLE.entity, self.action);
        f.debug_struct("Event")
            .field("entity", &entity)
            .field("action", &action)
            .finish_non_exhaustive()
    }
}

/// All columns of a row.
type Stored = Vec<Value<'static>>;

/// A change that may be told.
struct Change {
    action: Action,
    tenant: Option<String>,
    correlation: Option<Arc<str>>,
    before: Option<Stored>,
    after: Option<Stored>,
}

type Telling = Pin<Box<dyn Future<Output = ()> + Send>>;
type Listener = Arc<dyn Fn(&Change) -> Result<Telling> + Send + Sync>;

/// Who listens to the changes of which entity.
#[derive(Default)]
pub(crate) struct Listeners {
    of: RwLock<HashMap<TypeId, Vec<Listener>>>,
}

impl Listeners {
    fn add(&self, entity: TypeId, listener: Listener) {
        let mut of = self.of.write().unwrap_or_else(PoisonError::into_inner);
        of.entry(entity).or_default().push(listener);
    }

    fn to(&self, table: &Table) -> Vec<Listener> {
        let Some(entity) = table.hooks.events else { return Vec::new() };
        let of = self.of.read().unwrap_or_else(PoisonError::into_inner);
        of.get(&entity()).cloned().unwrap_or_default()
    }
}

impl<S: Scope> Session<S> {
    /// Tells of changes when they are committed: at once where they are already.
    pub(crate) async fn tell(
        &self,
        table: &'static Table,
        action: Action,
        rows: &[Changed<'_>],
    ) -> Result<()> {
        let listeners = self.database().listeners().to(table);
        if listeners.is_empty() || rows.is_empty() {
            return Ok(());
        }
        let correlation = self.correlation_id().map(Arc::from);
        let changes = rows.iter().map(|row| change(table, action, &correlation, row)).collect();
        let telling = tell(table, listeners, changes);
        match self.executor() {
            Executor::Pool => {
                telling.await;
                Ok(())
            }
            Executor::Transaction(handle) => handle.after_change(Box::pin(telling)).await,
        }
    }
}

fn change(
    table: &Table,
    action: Action,
    correlation: &Option<Arc<str>>,
    (was, is): &Changed<'_>,
) -> Change {
    let owned = |row: &[Value<'_>]| row.iter().map(|value| value.clone().into_owned()).collect();
    let tenant = table.roles.tenant.and_then(|column| is.or(*was)?.get(column));
    Change {
        action,
        tenant: tenant.map(|tenant| image::text(tenant).into_owned()),
        correlation: correlation.clone(),
        before: was.map(owned),
        after: is.map(owned),
    }
}

async fn tell(table: &'static Table, listeners: Vec<Listener>, changes: Vec<Change>) {
    let entity = table.entity;
    for change in &changes {
        for listener in &listeners {
            let told = match catch_unwind(AssertUnwindSafe(|| listener(change))) {
                Ok(Ok(telling)) => AssertUnwindSafe(telling).catch_unwind().await,
                Ok(Err(error)) => {
                    tracing::error!(target: "repo", entity, %error, "a change could not be told");
                    Ok(())
                }
                Err(panic) => Err(panic),
            };
            if told.is_err() {
                tracing::error!(target: "repo", entity, "a listener panicked after a commit");
            }
        }
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listeners")
    }
}
