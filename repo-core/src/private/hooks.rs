//! Which keys of `validate(..)` and `events` an entity has, and what generated code calls of them.
//!
//! Each of the traits with a message is implemented by the derive where the key is given: so neither the key nor the
//! `impl` of what it asks for can be forgotten.

use std::marker::PhantomData;

use crate::entity::{Entity, NewEntity};
use crate::error::Result;
use crate::hooks::CheckRow;
use crate::read::decode;
use crate::read::values::Values;
use crate::validation::{Problem, Problems, Validate, ValidateDelete, ValidateUpdate};
use crate::value::Value;
use crate::write::creation::Creation;

/// Which entity do the columns belong to that a creator gives?
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what the creator of a row gives",
    label = "not the `New..` of an entity",
    note = "write `impl Validate for NewIncident`, where the entity is `Incident`: its draft and its row come to `validate_row`"
)]
pub trait NewOf {
    /// What they become.
    type Entity: Entity;
}

/// Has the entity of these new rows `validate(create)`?
#[diagnostic::on_unimplemented(
    message = "`{Self}` is never validated: its entity lacks the key `validate(create)`",
    label = "nobody would call this",
    note = "add `validate(create)` to the `#[repository(..)]` of the entity; this is implemented for its `New..`"
)]
pub trait ValidatedOnCreate: NewOf {
    /// The columns of a row that its creator gives.
    fn of_row(row: Self::Entity) -> Self;
}

/// Has the entity `validate(update)`?
#[diagnostic::on_unimplemented(
    message = "changes of `{Self}` are never validated: it lacks the key `validate(update)`",
    label = "nobody would call this",
    note = "add `validate(update)` to the `#[repository(..)]` of `{Self}`"
)]
pub trait ValidatedOnUpdate {}

/// Has the entity `validate(delete)`?
#[diagnostic::on_unimplemented(
    message = "deletions of `{Self}` are never validated: it lacks the key `validate(delete)`",
    label = "nobody would call this",
    note = "add `validate(delete)` to the `#[repository(..)]` of `{Self}`"
)]
pub trait ValidatedOnDelete {}

/// Has the entity `events`?
#[diagnostic::on_unimplemented(
    message = "nobody is told of changes of `{Self}`: it lacks the key `events`",
    label = "it makes no events",
    note = "add `events` to the `#[repository(..)]` of `{Self}`"
)]
pub trait Observed {}

/// The entity that a valid new one becomes. `given` are the columns that its creator must give.
///
/// # Errors
///
/// [`Error::ValidationFailed`](crate::Error::ValidationFailed): it has problems. As for [`NewEntity::into_entity`].
pub fn validated<N: NewEntity, V: Validate<Entity = N::Entity>>(
    new: N,
    given: fn(&N) -> &V,
    creation: &mut Creation<'_>,
) -> Result<N::Entity> {
    let mut problems = Problems::new();
    given(&new).validate(&mut problems);
    let row = new.into_entity(creation)?;
    V::validate_row(&row, &mut problems);
    problems.refuse_new()?;
    Ok(row)
}

/// What is asked of rows that are added as they were.
#[derive(Debug)]
pub struct NewRows<V>(PhantomData<fn() -> V>);

impl<V: Validate> NewRows<V> {
    /// The problems of a row.
    pub const CHECK: CheckRow = check_create::<V>;
}

/// New rows of which nothing says what is valid. That is reported where they are made; this never runs.
pub trait Unvalidated {
    /// Nothing.
    const CHECK: CheckRow = |_| Ok(Vec::new());
}

impl<V> Unvalidated for NewRows<V> {}

fn check_create<V: Validate>(row: &[Value<'_>]) -> Result<Vec<Problem>> {
    let row = decode::<V::Entity>(&Values(row))?;
    let (mut of_given, mut of_row) = (Problems::new(), Problems::new());
    V::validate_row(&row, &mut of_row);
    V::of_row(row).validate(&mut of_given);
    let mut found = of_given.into_found();
    found.extend(of_row.into_found());
    Ok(found)
}

/// The problems of a changed row.
///
/// # Errors
///
/// [`Error::Decode`](crate::Error::Decode): the row holds what the entity cannot.
pub fn check_update<E: ValidateUpdate>(
    before: &[Value<'_>],
    after: &[Value<'_>],
) -> Result<Vec<Problem>> {
    let (before, after): (E, E) = (decode(&Values(before))?, decode(&Values(after))?);
    let mut problems = Problems::new();
    after.validate_update(&before, &mut problems);
    Ok(problems.into_found())
}

/// The problems of deleting a row.
///
/// # Errors
///
/// [`Error::Decode`](crate::Error::Decode): the row holds what the entity cannot.
pub fn check_delete<E: ValidateDelete>(row: &[Value<'_>]) -> Result<Vec<Problem>> {
    let mut problems = Problems::new();
    decode::<E>(&Values(row))?.validate_delete(&mut problems);
    Ok(problems.into_found())
}
