//! Names that tables of one database cannot share.
//!
//! `IF NOT EXISTS` would pass over the second of two: of two entities on one table, the one has not the policies
//! of the other. To SQLite names that differ in the case of their letters are one, and the triggers of all tables have
//! their names from one set, which references give theirs; to Postgres tables, the indexes of keys and the sequences of
//! identities have. What is refused is the same on both. Names that the database has for others are in `needed.rs`.

use std::collections::HashMap;

use super::{is_among, trail_of};
use crate::audit::TRAIL;
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::schema::table::{Reference, Table};
use crate::sql::names;
use crate::write::parents;

/// The virtual tables that repositories have on SQLite, for lists and to put connections away. A table of that name
/// that another connection has just made is not seen behind them.
const OUR_OWN: [&str; 2] = ["rarray", "repo_watch"];

/// The sequence on Postgres of what is recorded outside of a chain.
const UNCHAINED: &str = "repo_audit_unchained";

/// Whether each of these tables, no one of which is there twice, and what belongs to it has a name of its own.
pub(super) fn check(dialect: &dyn Dialect, tables: &[&'static Table]) -> Result<()> {
    let mut known: HashMap<String, &Table> = HashMap::new();
    let mut references: HashMap<String, &Table> = HashMap::new();
    let trail = trail_of(tables).filter(|table| !is_among(tables, table));
    let parents = parents::of_tables(tables);
    for table in tables.iter().copied().chain(trail) {
        check_former(tables, table)?;
        if OUR_OWN.iter().any(|own| own.eq_ignore_ascii_case(table.name)) {
            return Err(Error::InvalidSchema { reason: our_own(table) });
        }
        let mark = table.roles.deleted_at.filter(|_| is_among(&parents, table));
        let mark = mark.map(|deleted_at| names::mark(dialect, table, deleted_at));
        for name in names_of(dialect, table).into_iter().chain(mark) {
            if let Some(other) = known.insert(name.to_ascii_lowercase(), table) {
                return Err(Error::InvalidSchema { reason: both_need(other, table, &name) });
            }
        }
        for name in guarded(dialect, table) {
            if let Some(other) = references.insert(name.to_ascii_lowercase(), table) {
                return Err(Error::InvalidSchema { reason: both_need(other, table, &name) });
            }
        }
    }
    Ok(())
}

/// Whether no other of these tables has the name of this one, whose policies would not be those of the other, or
/// had it, so that its history would be that of both.
pub(crate) fn check_name<'t>(
    mut known: impl Iterator<Item = &'t &'static Table> + Clone,
    table: &Table,
) -> Result<()> {
    check_former(known.clone(), table)?;
    match known.find(|known| is_another_on(known, table)) {
        Some(other) => Err(Error::InvalidSchema { reason: both_need(other, table, table.name) }),
        None => Ok(()),
    }
}

/// Whether the trail tells the entries of this table from those of each of the others.
fn check_former<'t>(
    known: impl IntoIterator<Item = &'t &'static Table>,
    table: &Table,
) -> Result<()> {
    let had = |one: &Table, other: &Table| {
        let both = one.audit.is_some() && other.audit.is_some();
        both && one.formerly.contains(&other.name)
    };
    for known in known {
        let (one, other) = if had(known, table) { (*known, table) } else { (table, *known) };
        if had(one, other) {
            return Err(Error::InvalidSchema { reason: mixed(one, other) });
        }
    }
    Ok(())
}

/// Whether two entities are on one table, of which one has not the policies of the other.
pub(crate) fn is_another_on(one: &Table, other: &Table) -> bool {
    one.name.eq_ignore_ascii_case(other.name) && !one.is_same(other) && !one.is_alike(other)
}

/// The table's, that of its primary key, of its identity's sequence and of its indexes.
fn names_of(dialect: &dyn Dialect, table: &Table) -> Vec<String> {
    let mut all = vec![table.name.to_owned(), names::primary_key(dialect, table)];
    all.extend(table.has_identity().then(|| names::identity_sequence(dialect, table)));
    all.extend(table.is_same(&TRAIL).then(|| UNCHAINED.to_owned()));
    all.extend(table.indexes.iter().map(|index| names::index(dialect, table, index)));
    all
}

/// The names of the references that a trigger guards where a database does not do it for all connections. It is called
/// as the reference is. All other triggers are called as a table or a key of it.
fn guarded(dialect: &dyn Dialect, table: &Table) -> impl Iterator<Item = String> {
    let of_tenant =
        |it: &&Reference| table.roles.tenant.is_some() && (it.parent)().roles.tenant.is_some();
    let guarded = table.references.iter().filter(of_tenant);
    guarded.map(move |reference| names::foreign_key(dialect, table, reference.column))
}

fn our_own(table: &Table) -> String {
    format!("`{}` needs `{}`, a name of the repositories' own on SQLite", table.entity, table.name)
}

fn mixed(one: &Table, other: &Table) -> String {
    format!(
        "`{}` was `{}`, where `{}` is now: the history of the one would be that of both; give the table of `{}` \
         another name",
        one.entity, other.name, other.entity, other.entity
    )
}

fn both_need(one: &Table, other: &Table, name: &str) -> String {
    let is_namesake = one.entity == other.entity && !one.is_same(other);
    let another = if is_namesake { "another " } else { "" };
    format!("`{}` and {another}`{}` both need `{name}`", one.entity, other.entity)
}
