//! What groups are not asked by themselves, and where it is asked.
//!
//! None of this compiles: groups are asked for what is selected of each. Without these functions the compiler would take
//! `count` for that of an iterator.

use std::future::{Ready, ready};

use crate::aggregate::groups::Groups;
use crate::entity::Entity;
use crate::error::Result;
use crate::session::scope::Scope;

/// Are these rows, and not groups?
#[diagnostic::on_unimplemented(
    message = "groups are asked for what is selected of each",
    label = "no aggregate of groups",
    note = "write `.select(repo_core::count()).all()`, or `.select((count(), {E}::COLUMN.sum())).all()` for several at once"
)]
pub trait Ungrouped<E> {}

impl<E: Entity, S: Scope, K> Groups<E, S, K> {
    #[doc(hidden)]
    pub fn all(self) -> Ready<Result<()>>
    where
        Self: Ungrouped<E>,
    {
        ready(Ok(()))
    }

    #[doc(hidden)]
    pub fn count(self) -> Ready<Result<()>>
    where
        Self: Ungrouped<E>,
    {
        ready(Ok(()))
    }

    #[doc(hidden)]
    pub fn sum(self, _: impl Sized) -> Ready<Result<()>>
    where
        Self: Ungrouped<E>,
    {
        ready(Ok(()))
    }

    #[doc(hidden)]
    pub fn min(self, _: impl Sized) -> Ready<Result<()>>
    where
        Self: Ungrouped<E>,
    {
        ready(Ok(()))
    }

    #[doc(hidden)]
    pub fn max(self, _: impl Sized) -> Ready<Result<()>>
    where
        Self: Ungrouped<E>,
    {
        ready(Ok(()))
    }
}
