//! Which policies go together.

use proc_macro2::Ident;

use crate::attr::{Given, Structure};
use crate::diag::Diag;
use crate::model::{Hooks, Role};
use crate::names;

/// Reports policies that exclude each other.
pub(crate) fn check(structure: &Structure, diag: &mut Diag) {
    if structure.immutable.is_none() {
        return;
    }
    excluded(&structure.soft_delete, "rows of an immutable entity are never deleted", diag);
    excluded(&structure.versioned, "rows of an immutable entity have one version", diag);
}

/// What the program is asked, without what never happens to a row of an immutable entity.
pub(crate) fn hooks(structure: &Structure, diag: &mut Diag) -> Hooks {
    let mut hooks = Hooks {
        events: structure.events.as_ref().map(|given| given.key.clone()),
        ..Hooks::default()
    };
    for word in structure.validate.iter().flat_map(|given| &given.value) {
        let name = names::plain(word);
        if name != "create" && structure.immutable.is_some() {
            diag.error(
                word,
                format_args!("rows of an immutable entity have no {name} that could be validated"),
                format_args!("remove `{name}`: they are only ever added"),
            );
            continue;
        }
        let place = match name.as_str() {
            "create" => &mut hooks.create,
            "update" => &mut hooks.update,
            _ => &mut hooks.delete,
        };
        *place = Some(word.clone());
    }
    hooks
}

/// Reports rows that cannot be deleted with their parent: those that are never deleted, and those that do
/// not tell by which deletion they were.
pub(crate) fn check_cascade(
    structure: &Structure,
    field: &Ident,
    on_delete: &Ident,
    roles: &[Option<Role>],
    diag: &mut Diag,
) {
    if structure.immutable.is_some() {
        diag.error(
            on_delete,
            format_args!("`{field}` would delete rows of an immutable entity with their parent"),
            "remove `on_delete = cascade`: the parent then stays while a row refers to it",
        );
    } else if structure.soft_delete.is_some() && !roles.contains(&Some(Role::DeletionId)) {
        diag.error(
            on_delete,
            format_args!(
                "rows that are deleted with their `{field}` tell by which deletion, to come back with it"
            ),
            "add the field `#[repository(deletion_id)] deletion_id: Option<Uuid>`",
        );
    }
}

fn excluded(policy: &Option<Given<()>>, why: &str, diag: &mut Diag) {
    let Some(Given { key, .. }) = policy else { return };
    diag.error(
        key,
        format_args!("`{key}` and `immutable` exclude each other"),
        format_args!("remove `{key}`; {why}"),
    );
}
