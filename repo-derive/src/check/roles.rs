//! Which field is the id, the tenant, the version: by its mark, or by its name where the policy says so.

use proc_macro2::Ident;
use quote::ToTokens as _;
use syn::{DeriveInput, Type};

use super::Field;
use crate::attr::{Given, Structure};
use crate::diag::Diag;
use crate::model::Role;
use crate::{names, types};

/// The role of each field, if it has one.
pub(crate) fn assign(
    input: &DeriveInput,
    structure: &Structure,
    fields: &[Field<'_>],
    diag: &mut Diag,
) -> Vec<Option<Role>> {
    let mut roles = marked(fields, diag);
    for role in Role::ALL {
        check_repeats(role, fields, &mut roles, diag);
        match role.policy().map(|policy| structure.policy(policy)) {
            Some(None) => check_policy(role, input, fields, &roles, diag),
            Some(Some(key)) => by_name(role, key, structure, fields, &mut roles, diag),
            None => by_name(role, &input.ident, structure, fields, &mut roles, diag),
        }
    }
    for role in [Role::Id, Role::Tenant] {
        check_key_type(role, fields, &roles, diag);
    }
    roles
}

/// The type of the id or the tenant, and what it most likely was meant to be where it may be missing.
pub(crate) fn key_type(role: Role, fields: &[Field<'_>], roles: &[Option<Role>]) -> Option<Type> {
    let at = roles.iter().position(|found| *found == Some(role))?;
    let ty = &fields[at].syntax.ty;
    Some(types::inside_option(ty).unwrap_or(ty).clone())
}

fn marked(fields: &[Field<'_>], diag: &mut Diag) -> Vec<Option<Role>> {
    let role_of = |field: &Field<'_>| {
        let mut given = field.attr.roles.iter();
        let first = given.next()?;
        for Given { key, .. } in given {
            diag.error(
                key,
                format_args!("`{}` is already `{}`", field.ident, first.key),
                format_args!("remove `{key}`, or give it to another field"),
            );
        }
        Some(first.value)
    };
    fields.iter().map(role_of).collect()
}

/// Leaves a role to the first field that is marked with it.
fn check_repeats(role: Role, fields: &[Field<'_>], roles: &mut [Option<Role>], diag: &mut Diag) {
    let marked: Vec<usize> = (0..fields.len()).filter(|at| roles[*at] == Some(role)).collect();
    for at in marked.iter().skip(1) {
        let (first, second) = (fields[marked[0]].ident, fields[*at].ident);
        let key = role.key();
        diag.error(
            &fields[*at].attr.roles[0].key,
            format_args!("two fields are `{key}`: `{first}` and `{second}`"),
            format_args!("remove `{key}` from one of them"),
        );
        roles[*at] = None;
    }
}

/// Reports a field that is marked although its struct lacks the policy.
fn check_policy(
    role: Role,
    input: &DeriveInput,
    fields: &[Field<'_>],
    roles: &[Option<Role>],
    diag: &mut Diag,
) {
    let (Some(policy), Some(at)) = (role.policy(), roles.iter().position(|it| *it == Some(role)))
    else {
        return;
    };
    let name = names::plain(&input.ident);
    diag.error(
        &fields[at].attr.roles[0].key,
        format_args!("`{}` is marked, and `{name}` is not `{policy}`", fields[at].ident),
        format_args!("add `{policy}` to the `#[repository(..)]` of `{name}`"),
    );
}

/// Gives a role to the field of its name, unless a field is marked.
fn by_name(
    role: Role,
    asked_by: &Ident,
    structure: &Structure,
    fields: &[Field<'_>],
    roles: &mut [Option<Role>],
    diag: &mut Diag,
) {
    if roles.contains(&Some(role)) {
        return;
    }
    // No field is managed by its name alone, and `soft_delete` does not ask for this one.
    if role == Role::DeletionId {
        return;
    }
    let field = role.field();
    let found = fields.iter().position(|it| names::plain(it.ident) == field);
    if let Some(at) = found.filter(|at| roles[*at].is_none()) {
        roles[at] = Some(role);
        return;
    }
    // What never changes has no time of its last change.
    if role == Role::UpdatedAt && structure.immutable.is_some() {
        return;
    }
    let (key, example) = (role.key(), role.usual_type());
    let problem = match role {
        Role::Id => format!("`{asked_by}` has no id"),
        _ => format!("`{asked_by}` finds no field `{field}`"),
    };
    diag.error(
        asked_by,
        problem,
        format_args!("add `{field}: {example}`, or mark the field with `#[repository({key})]`"),
    );
}

/// Reports an id or a tenant that may be missing.
fn check_key_type(role: Role, fields: &[Field<'_>], roles: &[Option<Role>], diag: &mut Diag) {
    let Some(at) = roles.iter().position(|found| *found == Some(role)) else { return };
    let field = &fields[at];
    let Some(inner) = types::inside_option(&field.syntax.ty) else { return };
    let why = match role {
        Role::Id => "every row has an id",
        _ => "every row belongs to a tenant",
    };
    diag.error(
        &field.syntax.ty,
        format_args!("`{}` may be missing, and {why}", field.ident),
        format_args!("write `{}: {}`", field.ident, types::show(inner.to_token_stream())),
    );
}
