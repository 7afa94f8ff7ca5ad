//! The changes of a patch, column by column.

use std::fmt;
use std::marker::PhantomData;

use crate::column::Column;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::filter::comparisons::Operand;
use crate::schema::table::Table;
use crate::value::column_type::{ColumnType, class};
use crate::value::encode::encode;
use crate::value::stored::stored;
use crate::value::{InvalidValue, Kind, Value};

/// New values for some columns of a row: what the derive's `XPatch` wraps.
///
/// Of a column that is set twice, the last counts; what is added to it before is forgotten then, and what is added
/// after is added. An `Option` column set to `None` becomes `NULL`; one that is not set stays as it is.
pub struct Patch<E> {
    changes: Changes,
    mistake: Option<Mistake>,
    entity: PhantomData<fn() -> E>,
}

/// What a row can be patched with: the derive's `XPatch`, and a [`Patch`] itself.
#[diagnostic::on_unimplemented(
    message = "a `{E}` cannot be patched with a `{Self}`",
    label = "not a patch of `{E}`",
    note = "write `{E}Patch::new().column(value)` for the columns that change, or `update(&row)` to write a whole row"
)]
pub trait IntoPatch<E>: Into<Patch<E>> {}

#[diagnostic::do_not_recommend]
impl<E, P: Into<Patch<E>>> IntoPatch<E> for P {}

/// Why a patch cannot be made.
#[derive(Debug, Clone)]
enum Mistake {
    /// The column cannot become this.
    Input(&'static str, InvalidValue),
    /// A sum does not fit its column.
    OutOfRange,
}

/// What a patch does to which columns, each in the order of the table; no column is in both.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Changes {
    /// New values.
    pub(crate) set: Vec<(usize, Value<'static>)>,
    /// What is added to the values that are there.
    pub(crate) add: Vec<(usize, Value<'static>)>,
}

/// The classes whose values can be added: integers, floats and decimals.
#[diagnostic::on_unimplemented(
    message = "only a number can be added to",
    label = "not a column of numbers"
)]
pub trait Numeric {}

impl Numeric for class::Integer {}
impl Numeric for class::Identity {}
impl Numeric for class::Float {}
impl Numeric for class::Decimal {}

impl<E: Entity> Patch<E> {
    /// Changes nothing yet.
    pub fn new() -> Self {
        Self { changes: Changes::default(), mistake: None, entity: PhantomData }
    }

    /// Adds to what is in a column when the row is changed: of many at once none is lost. `NULL` stays
    /// `NULL`. A negative amount is taken away.
    ///
    /// A sum that does not fit the column is [`Error::OutOfRange`] when the patch is made. The repository's
    /// columns, those that are `fixed`, references and `f32` cannot be added to:
    /// [`Error::InvalidInput`].
    #[must_use]
    pub fn add<T: ColumnType>(mut self, column: Column<E, T>, amount: impl Operand<T::Bare>) -> Self
    where
        <T::Bare as ColumnType>::Class: Numeric,
    {
        let def = column.def();
        let refusal = refusal(E::TABLE, column.index());
        if let Some(reason) = refusal.or_else(|| no_sum(E::TABLE, column.index())) {
            return self.mistaken(Mistake::Input(def.name, InvalidValue::new(reason)));
        }
        let added = match stored(&amount.into_operand(), def.kind) {
            Ok(amount) => self.changes.add(column.index(), def.kind, amount.into_owned()),
            Err(invalid) => return self.mistaken(Mistake::Input(def.name, invalid)),
        };
        if added { self } else { self.mistaken(Mistake::OutOfRange) }
    }

    /// Sets a column. The derive writes a setter for each column that a caller may change; should
    /// generated code name another all the same, patching with it is an error.
    pub(crate) fn set<T: ColumnType>(mut self, column: Column<E, T>, value: T) -> Self {
        let def = column.def();
        if let Some(reason) = refusal(E::TABLE, column.index()) {
            return self.mistaken(Mistake::Input(def.name, InvalidValue::new(reason)));
        }
        let value = value.into_stored(def.kind);
        match encode(def, &value) {
            Ok(encoded) => {
                let encoded = encoded.into_owned();
                remove(&mut self.changes.add, column.index());
                put(&mut self.changes.set, column.index(), encoded);
            }
            Err(invalid) => return self.mistaken(Mistake::Input(def.name, invalid)),
        }
        self
    }

    /// Whether no column is set.
    pub fn is_empty(&self) -> bool {
        self.changes.count() == 0 && self.mistake.is_none()
    }

    /// Sets these columns, which are by their order and may all be changed.
    pub(crate) fn of(set: Vec<(usize, Value<'static>)>) -> Self {
        let changes = Changes { set, add: Vec::new() };
        Self { changes, mistake: None, entity: PhantomData }
    }

    pub(crate) fn finish(self) -> Result<Changes> {
        match self.mistake {
            None => Ok(self.changes),
            Some(Mistake::Input(column, invalid)) => Err(Error::invalid_value(column, invalid)),
            Some(Mistake::OutOfRange) => Err(Error::OutOfRange { entity: E::TABLE.entity }),
        }
    }

    /// The first mistake counts.
    fn mistaken(mut self, mistake: Mistake) -> Self {
        self.mistake.get_or_insert(mistake);
        self
    }
}

impl Changes {
    /// Adds to what the column is set to, or to what is added to it. Returns whether the sum is a value of the
    /// column's kind.
    fn add(&mut self, column: usize, kind: Kind, amount: Value<'static>) -> bool {
        let of = if position(&self.set, column).is_ok() { &mut self.set } else { &mut self.add };
        let sum = match position(of, column) {
            Ok(at) => sum(kind, &of[at].1, &amount),
            Err(_) => Some(amount),
        };
        let is_a_value = sum.is_some();
        if let Some(sum) = sum {
            put(of, column, sum);
        }
        is_a_value
    }

    /// How many columns are changed.
    pub(crate) fn count(&self) -> usize {
        self.set.len() + self.add.len()
    }

    /// The columns that are set, and those that are added to.
    pub(crate) fn columns(&self) -> (Vec<usize>, Vec<usize>) {
        let columns = |of: &[(usize, Value<'_>)]| of.iter().map(|(column, _)| *column).collect();
        (columns(&self.set), columns(&self.add))
    }

    /// The values, as parameters in the order of a statement.
    pub(crate) fn params(&self) -> impl Iterator<Item = Value<'_>> {
        self.set.iter().chain(&self.add).map(|(_, value)| value.borrowed())
    }
}

fn put(changes: &mut Vec<(usize, Value<'static>)>, column: usize, value: Value<'static>) {
    match position(changes, column) {
        Ok(at) => changes[at].1 = value,
        Err(at) => changes.insert(at, (column, value)),
    }
}

/// Where the column is, or would be.
fn position(changes: &[(usize, Value<'static>)], column: usize) -> Result<usize, usize> {
    changes.binary_search_by_key(&column, |(index, _)| *index)
}

/// The sum of two numbers of one column; `NULL` stays `NULL`. None where it does not fit the kind.
pub(crate) fn sum(kind: Kind, left: &Value<'_>, right: &Value<'_>) -> Option<Value<'static>> {
    Some(match (left, right) {
        (Value::Null(_), _) | (_, Value::Null(_)) => Value::Null(kind),
        (Value::I16(left), Value::I16(right)) => Value::I16(left.checked_add(*right)?),
        (Value::I32(left), Value::I32(right)) => Value::I32(left.checked_add(*right)?),
        (Value::I64(left), Value::I64(right)) => Value::I64(left.checked_add(*right)?),
        (Value::F64(left), Value::F64(right)) => {
            Some(left + right).filter(|sum| sum.is_finite()).map(Value::F64)?
        }
        (Value::Decimal { units: left, scale }, Value::Decimal { units: right, .. }) => {
            let Kind::Decimal { precision, .. } = kind else { return None };
            let units = left.checked_add(*right)?;
            let fits = units.unsigned_abs() < 10_u64.pow(precision.into());
            fits.then_some(Value::Decimal { units, scale: *scale })?
        }
        _ => return None,
    })
}

fn remove(changes: &mut Vec<(usize, Value<'static>)>, column: usize) {
    changes.retain(|(index, _)| *index != column);
}

/// Why nothing can be added to this column.
fn no_sum(table: &Table, column: usize) -> Option<&'static str> {
    if table.references.iter().any(|reference| reference.column == column) {
        return Some("refers to another row, and is no number to add to");
    }
    // Databases add two of them with different precision.
    (table.columns[column].kind == Kind::F32).then_some("is an `f32`, which cannot be added to")
}

/// Why no caller changes this column.
fn refusal(table: &Table, column: usize) -> Option<&'static str> {
    if table.is_managed(column) {
        return Some("is the repository's, and never patched");
    }
    table.columns[column].fixed.then_some("is set at creation and never changed")
}

impl<E: Entity> Default for Patch<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> Clone for Patch<E> {
    fn clone(&self) -> Self {
        let Self { changes, mistake, entity } = self;
        Self { changes: changes.clone(), mistake: mistake.clone(), entity: *entity }
    }
}

/// Shows the columns that are set, without the values of sensitive ones.
impl<E: Entity> fmt::Debug for Patch<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Patch");
        for (index, value) in self.changes.set.iter().chain(&self.changes.add) {
            let column = &E::TABLE.columns[*index];
            if column.sensitive {
                shown.field(column.name, &format_args!("<sensitive>"));
            } else if self.changes.add.iter().any(|(added, _)| added == index) {
                shown.field(column.name, &format_args!("+ {value:?}"));
            } else {
                shown.field(column.name, value);
            }
        }
        shown.finish()
    }
}
