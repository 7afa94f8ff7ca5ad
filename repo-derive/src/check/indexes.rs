//! The indexes: of single fields, and those that the struct lists.

use std::fmt::Display;

use proc_macro2::Ident;
use quote::ToTokens;

use super::Field;
use crate::attr::{RawColumn, RawIndex, Structure};
use crate::diag::Diag;
use crate::model::{Column, Index, IndexColumn, Role};
use crate::names;

/// The indexes, those of fields first.
pub(crate) fn check(
    structure: &Structure,
    fields: &[Field<'_>],
    columns: &[Column],
    is_owned: bool,
    diag: &mut Diag,
) -> Vec<Index> {
    let mut indexes = Vec::new();
    for (at, field) in fields.iter().enumerate() {
        of_field(at, field, columns, &mut indexes, diag);
    }
    for raw in &structure.indexes {
        let Some(index) = of_structure(raw, fields, columns, is_owned, diag) else { continue };
        add(index, &raw.key, columns, &mut indexes, diag);
    }
    indexes
}

/// An index over one column.
pub(crate) fn single(column: usize, unique: bool) -> Index {
    Index { columns: vec![IndexColumn { column, descending: false }], unique, global: false }
}

fn of_field(
    at: usize,
    field: &Field<'_>,
    columns: &[Column],
    indexes: &mut Vec<Index>,
    diag: &mut Diag,
) {
    let column = &columns[at];
    for (given, unique) in [(&field.attr.unique, true), (&field.attr.index, false)] {
        // Of a JSON column it is reported with its other keys.
        let Some(given) = given.as_ref().filter(|_| !column.is_json()) else { continue };
        if let Some(role @ (Role::Id | Role::Tenant)) = column.role {
            primary(field.ident, &given.key, role, diag);
            continue;
        }
        add(single(at, unique), &given.key, columns, indexes, diag);
    }
}

fn add(index: Index, key: &Ident, columns: &[Column], indexes: &mut Vec<Index>, diag: &mut Diag) {
    // What is unique among all tenants is unique in each.
    let is_same = |other: &Index| {
        other.columns == index.columns
            && (other.global == index.global || other.unique && index.unique)
    };
    let found_by = |index: &Index| found_by(index, columns);
    let finder = found_by(&index).map(|fields| names::finder(&fields));
    let has_finder =
        |other: &&Index| found_by(other).map(|fields| names::finder(&fields)) == finder;
    let other = indexes.iter().find(|other| finder.is_some() && has_finder(other));
    match (finder.as_ref(), other) {
        (Some(finder), Some(other)) if found_by(other) != found_by(&index) => diag.error(
            key,
            format_args!("another unique key has the finder `{finder}` already"),
            "rename a field, and keep its column with `#[repository(column = \"name\")]`",
        ),
        (_, other) if other.is_some() || indexes.iter().any(is_same) => {
            diag.error(key, "another index has the same columns", "remove one of the two");
        }
        _ => indexes.push(index),
    }
}

/// The fields by which a unique key finds a row; none where the tenant is all of it.
fn found_by(index: &Index, columns: &[Column]) -> Option<Vec<String>> {
    let fields = index.columns.iter().map(|part| &columns[part.column]);
    let fields = fields.filter(|column| index.unique && column.role != Some(Role::Tenant));
    let fields: Vec<String> = fields.map(|column| names::plain(&column.ident)).collect();
    (!fields.is_empty()).then_some(fields)
}

fn of_structure(
    raw: &RawIndex,
    fields: &[Field<'_>],
    columns: &[Column],
    is_owned: bool,
    diag: &mut Diag,
) -> Option<Index> {
    check_global(raw, is_owned, diag);
    if is_key_already(raw, fields, columns, diag) {
        return None;
    }
    let mut index = Index { columns: Vec::new(), unique: raw.unique, global: raw.global.is_some() };
    let mut complete = true;
    for raw_column in &raw.columns {
        match index_column(raw, raw_column, &index, fields, columns, diag) {
            Some(column) => index.columns.push(column),
            None => complete = false,
        }
    }
    (complete && !index.columns.is_empty()).then_some(index)
}

fn check_global(raw: &RawIndex, is_owned: bool, diag: &mut Diag) {
    let Some(global) = raw.global.as_ref().filter(|_| !is_owned) else { return };
    diag.error(global, "without `tenant` every index spans the whole table", "remove `global`");
}

/// Reports an index whose columns begin the primary key, or begin every index, without being asked for.
fn is_key_already(
    raw: &RawIndex,
    fields: &[Field<'_>],
    columns: &[Column],
    diag: &mut Diag,
) -> bool {
    let Some(RawColumn { field, direction: None }) = raw.columns.first() else { return false };
    let name = names::plain(field);
    let Some(at) = fields.iter().position(|other| names::plain(other.ident) == name) else {
        return false;
    };
    let (key, is_alone) = (&raw.key, raw.columns.len() == 1);
    let is_global = raw.global.is_some();
    match columns[at].role {
        Some(Role::Id) if is_alone && !is_global => primary(field, key, Role::Id, diag),
        Some(Role::Tenant) if is_alone && is_global && !raw.unique => {
            primary(field, key, Role::Tenant, diag);
        }
        Some(Role::Tenant) if is_alone && !is_global && raw.unique => diag.error(
            field,
            format_args!("`{name}` leads every index by itself"),
            format_args!("write `unique(global, {name})` for one row of each tenant"),
        ),
        Some(Role::Tenant) if !is_alone && is_global => {
            let others = raw.columns[1..].iter().map(ToString::to_string).collect::<Vec<_>>();
            diag.error(
                field,
                format_args!("`{name}` leads every index by itself that is not `global`"),
                format_args!("write `{key}({})`", others.join(", ")),
            );
        }
        _ => return false,
    }
    true
}

fn primary(field: impl ToTokens + Display, key: &Ident, role: Role, diag: &mut Diag) {
    let problem = format_args!("`{field}` is in the primary key already");
    let help = format_args!("remove `{key}`; every table is indexed by its {}", role.key());
    diag.error(key, problem, help);
}

fn index_column(
    raw: &RawIndex,
    RawColumn { field, direction }: &RawColumn,
    index: &Index,
    fields: &[Field<'_>],
    columns: &[Column],
    diag: &mut Diag,
) -> Option<IndexColumn> {
    let name = names::plain(field);
    let plain: Vec<String> = fields.iter().map(|field| names::plain(field.ident)).collect();
    let Some(column) = plain.iter().position(|other| *other == name) else {
        let help = names::did_you_mean(&name, plain.iter().map(String::as_str), "the fields are");
        diag.error(field, format_args!("there is no field `{name}` for `{}`", raw.key), help);
        return None;
    };
    let problem = if columns[column].is_json() {
        Some((format!("`{name}` is a JSON document, which no index orders"), "remove it"))
    } else if index.columns.iter().any(|other| other.column == column) {
        Some((format!("`{name}` is in this index twice"), "remove one of the two"))
    } else if columns[column].role == Some(Role::Tenant) && raw.global.is_none() {
        Some((format!("`{name}` leads every index by itself"), "remove it"))
    } else {
        None
    };
    if let Some((problem, help)) = problem {
        diag.error(field, problem, help);
        return None;
    }
    if let Some(direction) = direction {
        check_direction(raw, field, direction, &plain, diag)?;
    }
    let descending = direction.as_ref().is_some_and(|direction| direction == "desc");
    Some(IndexColumn { column, descending })
}

fn check_direction(
    raw: &RawIndex,
    field: &Ident,
    direction: &Ident,
    fields: &[String],
    diag: &mut Diag,
) -> Option<()> {
    let is_direction = direction == "asc" || direction == "desc";
    if !is_direction && fields.contains(&names::plain(direction)) {
        let help = format_args!("write `{field}, {direction}`");
        diag.error(direction, format_args!("a comma is missing after `{field}`"), help);
    } else if raw.unique {
        diag.error(direction, "a unique index has no direction", format_args!("write `{field}`"));
    } else if !is_direction {
        diag.error(direction, "a direction is `asc` or `desc`", "write `desc`");
    }
    is_direction.then_some(())
}
