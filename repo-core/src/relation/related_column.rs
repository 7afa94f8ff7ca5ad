//! A column of a row that is found, through one relation or several.
//!
//! How many there are is a part of the type, so that what is too far away does not compile.

use std::fmt;
use std::marker::PhantomData;

use crate::column::{Column, Order};
use crate::entity::Entity;
use crate::relation::link::{Link, Source};
use crate::value::column_type::{ColumnType, Comparable};

/// A column of the one row of another entity that a row of `E` finds, if it finds one: to order and group by, and to
/// read in a [`Projection`](crate::Projection). Made by [`BelongsTo::column`](crate::BelongsTo::column) and
/// [`HasOne::column`](crate::HasOne::column).
///
/// ```
/// # use repo_core::query::RelatedColumn;
/// # use repo_core::{NoTenant, Repository, Result};
/// # use uuid::Uuid;
/// # #[derive(Debug, Clone, Repository)]
/// # #[repository(table = "incidents")]
/// # struct Incident { id: Uuid, severity: i32 }
/// # #[derive(Debug, Clone, Repository)]
/// # #[repository(table = "actions")]
/// # struct Action {
/// #     id: Uuid,
/// #     #[repository(references = Incident)] incident_id: Uuid,
/// # }
/// # #[derive(Debug, Clone, Repository)]
/// # #[repository(table = "comments")]
/// # struct Comment {
/// #     id: Uuid,
/// #     #[repository(references = Action)] action_id: Uuid,
/// # }
/// # async fn f(comments: CommentRepository<NoTenant>) -> Result<()> {
/// let one: RelatedColumn<Action, i32> = Action::incident().column(Incident::SEVERITY);
/// let two: RelatedColumn<Comment, i32, 2> = Comment::action().column(one);
/// let most_urgent_first: Vec<Comment> = comments.query().order_by(two.desc()).all().await?;
/// # Ok(())
/// # }
/// ```
///
/// `LINKS` relations lie between, one to four. It is `NULL` where a row on the way is missing or hidden.
pub struct RelatedColumn<E, T, const LINKS: usize = 1> {
    pub(crate) source: Source,
    types: PhantomData<fn() -> (E, T)>,
}

/// A column of `E`, or of a row that `E` finds, at most three relations away: what `column` of a relation to `E`
/// takes.
#[diagnostic::on_unimplemented(
    message = "a relation to `{E}` has no column `{Self}`",
    label = "not a column of `{E}`, nor one of a row at most three relations from it",
    note = "take `{E}::COLUMN` or `{E}::relation().column(..)`; from end to end there are at most four relations"
)]
pub trait ColumnOf<E: Entity>: Copy {
    /// The same column for rows of `C` that find the row of `E`: a [`RelatedColumn`].
    type Behind<C: Entity>;

    #[doc(hidden)]
    fn behind<C: Entity>(self, link: Link) -> Self::Behind<C>;
}

impl<E: Entity, T: ColumnType> ColumnOf<E> for Column<E, T> {
    type Behind<C: Entity> = RelatedColumn<C, T>;

    fn behind<C: Entity>(self, link: Link) -> RelatedColumn<C, T> {
        RelatedColumn::new(Source::Own(self.index()).behind(link))
    }
}

macro_rules! behind {
    ($($links:literal => $more:literal),+) => {
        $(
            impl<E: Entity, T: ColumnType> ColumnOf<E> for RelatedColumn<E, T, $links> {
                type Behind<C: Entity> = RelatedColumn<C, T, $more>;

                fn behind<C: Entity>(self, link: Link) -> RelatedColumn<C, T, $more> {
                    RelatedColumn::new(self.source.behind(link))
                }
            }
        )+
    };
}

// As many as a path has room for.
behind!(1 => 2, 2 => 3, 3 => 4);

impl<E, T, const LINKS: usize> RelatedColumn<E, T, LINKS> {
    fn new(source: Source) -> Self {
        Self { source, types: PhantomData }
    }
}

impl<E: Entity, T: ColumnType, const LINKS: usize> RelatedColumn<E, T, LINKS> {
    /// The lowest value first, rows that find none last.
    pub fn asc(self) -> Order<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        Order::new(self.source, false)
    }

    /// The highest value first, after rows that find none.
    pub fn desc(self) -> Order<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        Order::new(self.source, true)
    }
}

impl<E, T, const LINKS: usize> Clone for RelatedColumn<E, T, LINKS> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E, T, const LINKS: usize> Copy for RelatedColumn<E, T, LINKS> {}

impl<E: Entity, T, const LINKS: usize> fmt::Debug for RelatedColumn<E, T, LINKS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source.name(E::TABLE))
    }
}
