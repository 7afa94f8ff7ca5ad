//! Fields that are called as what a policy manages, or whose columns are, in a struct without the policy: it is
//! forgotten, unless the field is marked `plain`.
//!
//! Only of policies without which rows are reached or changed that should not be. Times and a correlation may be
//! columns like any other.

use syn::DeriveInput;

use super::Field;
use crate::attr::Structure;
use crate::diag::Diag;
use crate::model::Role;
use crate::{names, types};

/// Reports fields whose policy is forgotten, and gives them the role that they most likely were meant to have.
pub(super) fn check(
    input: &DeriveInput,
    structure: &Structure,
    fields: &[Field<'_>],
    roles: &mut [Option<Role>],
    diag: &mut Diag,
) {
    for (at, field) in fields.iter().enumerate() {
        // The keys of a field that has a role are looked at with its column.
        if roles[at].is_some() {
            continue;
        }
        match (
            meant(field, structure).filter(|role| !roles.contains(&Some(*role))),
            &field.attr.plain,
        ) {
            (Some(role), None) => {
                report(role, input, field, structure, diag);
                let is_told = !is_excluded(role, structure) && says_nothing_else(field, structure);
                roles[at] = is_told.then_some(role);
            }
            (None, Some(plain)) => diag.error(
                &plain.key,
                format_args!("`{}` is a column like any other already", field.ident),
                "remove `plain`",
            ),
            _ => {}
        }
    }
}

/// The role that the field would have by its name or its column's and its type, if only the struct had the policy.
fn meant(field: &Field<'_>, structure: &Structure) -> Option<Role> {
    let ty = &field.syntax.ty;
    let guarding = [
        (Role::Tenant, true),
        (Role::Version, types::is_i64(ty)),
        (Role::DeletedAt, types::inside_option(ty).is_some()),
    ];
    let name = names::plain(field.ident);
    let is_called = |role: Role| role.field() == name || is_column_of(role, field);
    let (role, fits) = guarding.into_iter().find(|(role, _)| is_called(*role))?;
    let is_absent = role.policy().is_some_and(|policy| structure.policy(policy).is_none());
    (fits && is_absent).then_some(role)
}

/// Whether the field says that its column is called as that of the role.
fn is_column_of(role: Role, field: &Field<'_>) -> bool {
    let given = field.attr.column.as_ref();
    given.is_some_and(|column| column.value.value().eq_ignore_ascii_case(role.field()))
}

fn report(
    role: Role,
    input: &DeriveInput,
    field: &Field<'_>,
    structure: &Structure,
    diag: &mut Diag,
) {
    let (name, ident) = (field.ident, names::plain(&input.ident));
    let plain = "`#[repository(plain)]` to the field: it is a column like any other then";
    let problem = match role {
        Role::Tenant => "rows have no tenant",
        Role::Version if is_excluded(role, structure) => {
            "rows of an immutable entity have one version"
        }
        Role::Version => "rows have no version",
        _ if is_excluded(role, structure) => "rows of an immutable entity are never deleted",
        _ => "rows are removed when they are deleted",
    };
    let is_named = role.field() == names::plain(field.ident);
    let problem = if is_named {
        format!("there is a field `{name}`, and {problem}")
    } else {
        format!("the column of `{name}` is `{}`, and {problem}", role.field())
    };
    match role.policy().filter(|_| !is_excluded(role, structure)) {
        Some(policy) => {
            let role = role.key();
            let too = if is_named {
                String::new()
            } else {
                format!(" and `{role}` to that of the field")
            };
            let help =
                format!("add `{policy}` to the `#[repository(..)]` of `{ident}`{too}, or {plain}");
            diag.error(name, problem, help);
        }
        None => diag.error(name, problem, format_args!("add {plain}")),
    }
}

/// Whether the policy of the role means nothing to rows that never change.
fn is_excluded(role: Role, structure: &Structure) -> bool {
    structure.immutable.is_some() && role != Role::Tenant
}

/// Whether nothing but the field itself tells what it is: keys and indexes may mean a column like any other.
fn says_nothing_else(field: &Field<'_>, structure: &Structure) -> bool {
    let mut indexed = structure.indexes.iter().flat_map(|index| &index.columns);
    !field.syntax.attrs.iter().any(|attribute| attribute.path().is_ident("repository"))
        && !indexed.any(|column| column.field == *field.ident)
}
