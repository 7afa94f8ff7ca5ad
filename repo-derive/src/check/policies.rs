//! Which policies go together.

use crate::attr::{Given, Structure};
use crate::diag::Diag;

/// Reports policies that exclude each other.
pub(crate) fn check(structure: &Structure, diag: &mut Diag) {
    if structure.immutable.is_none() {
        return;
    }
    excluded(&structure.soft_delete, "rows of an immutable entity are never deleted", diag);
    excluded(&structure.versioned, "rows of an immutable entity have one version", diag);
}

fn excluded(policy: &Option<Given<()>>, why: &str, diag: &mut Diag) {
    let Some(Given { key, .. }) = policy else { return };
    diag.error(
        key,
        format_args!("`{key}` and `immutable` exclude each other"),
        format_args!("remove `{key}`; {why}"),
    );
}
