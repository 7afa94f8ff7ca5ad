//! SQL text from tables, filters and orders. Values are always parameters, names always quoted.

pub(crate) mod aggregate;
pub(crate) mod change;
pub(crate) mod clauses;
mod count;
pub(crate) mod crud;
pub(crate) mod ddl;
pub(crate) mod first_of_each;
pub(crate) mod insert;
pub(crate) mod keys;
pub(crate) mod keyset;
mod linked;
pub(crate) mod lookup;
pub(crate) mod names;
pub(crate) mod patch;
pub(crate) mod predicate;
pub(crate) mod ranked;
mod removal;
pub(crate) mod select;
pub(crate) mod shape;
pub(crate) mod together;
pub(crate) mod writer;
