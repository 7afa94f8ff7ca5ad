//! What a write is until it is awaited.
//!
//! Named types, not `impl Future`: rustc then reports a method that a policy takes away once.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::cascade;
use crate::entity::{Entity, Versioned};
use crate::error::Result;
use crate::repo::Repo;
use crate::session::scope::Scope;
use crate::value::Value;
use crate::write::patch::Patch;
use crate::write::target::Target;

/// A write, done when it is awaited. `T` is what it returns.
#[must_use = "a write is done when it is awaited"]
pub struct Writing<'r, T> {
    future: Pin<Box<dyn Future<Output = Result<T>> + Send + 'r>>,
}

/// A change of one row by its id, done when it is awaited. `T` is what it returns.
#[must_use = "a change is done when it is awaited"]
pub struct Change<'r, E: Entity, S: Scope, T> {
    target: Result<Target<'r, E, S>>,
    kind: ChangeKind<'r, E, S, T>,
}

/// How a change is done, which says what it returns.
enum ChangeKind<'r, E: Entity, S: Scope, T> {
    Patch(Patch<E>, fn(Target<'r, E, S>, Patch<E>) -> Writing<'r, T>),
    /// What takes the row alone, by its name.
    Plain(&'static str, fn(Target<'r, E, S>) -> Writing<'r, T>),
}

impl<'r, E: Entity, S: Scope, T> Change<'r, E, S, T> {
    /// Only if the row has this version.
    ///
    /// Awaiting is then [`Error::VersionConflict`](crate::Error::VersionConflict) when it has another.
    pub fn if_version(mut self, version: i64) -> Self
    where
        E: Versioned,
    {
        if let Ok(target) = &mut self.target {
            target.expected = Some(version);
        }
        self
    }

    fn new(
        repo: &'r Repo<E, S>,
        tenant: Result<Option<Value<'r>>>,
        id: E::Id,
        kind: ChangeKind<'r, E, S, T>,
    ) -> Self {
        let target = tenant.map(|tenant| Target {
            repo,
            tenant,
            id,
            expected: None,
            at: None,
            deletion: None,
        });
        Self { target, kind }
    }
}

impl<'r, E: Entity, S: Scope> Change<'r, E, S, E> {
    pub(crate) fn patch(
        repo: &'r Repo<E, S>,
        tenant: Result<Option<Value<'r>>>,
        id: E::Id,
        patch: Patch<E>,
    ) -> Self {
        let run: fn(Target<'r, E, S>, Patch<E>) -> _ =
            |target, patch| Writing::new(async move { target.patch(patch).await });
        Self::new(repo, tenant, id, ChangeKind::Patch(patch, run))
    }

    pub(crate) fn restore(
        repo: &'r Repo<E, S>,
        tenant: Result<Option<Value<'r>>>,
        id: E::Id,
    ) -> Self {
        let run: fn(Target<'r, E, S>) -> _ = |target| Writing::new(cascade::restore(target));
        Self::new(repo, tenant, id, ChangeKind::Plain("restore", run))
    }
}

impl<'r, E: Entity, S: Scope> Change<'r, E, S, ()> {
    pub(crate) fn delete(
        repo: &'r Repo<E, S>,
        tenant: Result<Option<Value<'r>>>,
        id: E::Id,
    ) -> Self {
        let run: fn(Target<'r, E, S>) -> _ = |target| Writing::new(cascade::delete(target));
        Self::new(repo, tenant, id, ChangeKind::Plain("delete", run))
    }

    pub(crate) fn purge(
        repo: &'r Repo<E, S>,
        tenant: Result<Option<Value<'r>>>,
        id: E::Id,
    ) -> Self {
        let run: fn(Target<'r, E, S>) -> _ = |target| Writing::new(cascade::purge(target));
        Self::new(repo, tenant, id, ChangeKind::Plain("purge", run))
    }
}

impl<'r, E: Entity, S: Scope, T: 'r> IntoFuture for Change<'r, E, S, T> {
    type Output = Result<T>;
    type IntoFuture = Writing<'r, T>;

    fn into_future(self) -> Writing<'r, T> {
        match (self.target, self.kind) {
            (Err(error), _) => Writing::new(async { Err(error) }),
            (Ok(target), ChangeKind::Patch(patch, run)) => run(target, patch),
            (Ok(target), ChangeKind::Plain(_, run)) => run(target),
        }
    }
}

impl<'r, T> Writing<'r, T> {
    pub(crate) fn new(future: impl Future<Output = Result<T>> + Send + 'r) -> Self {
        Self { future: Box::pin(future) }
    }
}

impl<T> Future for Writing<'_, T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.future.as_mut().poll(context)
    }
}

impl<T> fmt::Debug for Writing<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writing")
    }
}

impl<E: Entity, S: Scope, T> fmt::Debug for Change<'_, E, S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.kind {
            ChangeKind::Patch(..) => "patch",
            ChangeKind::Plain(name, _) => name,
        };
        f.debug_struct("Change").field("table", &E::TABLE.name).field("kind", &kind).finish()
    }
}
