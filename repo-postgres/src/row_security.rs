//! Row-level security: the server itself shows and takes the rows of one tenant only.
//!
//! A transaction says whose rows it is about, in a setting that ends with it, and policies compare that
//! with each row (`policies`). Nothing is ever set for longer than a transaction: what is left on a pooled
//! connection would be the next one's tenant. A role that no policy binds is refused when the pool is
//! opened (`role`). Not here: the tenant in the condition of each statement, which core writes with and
//! without policies.

mod policies;
mod role;

use std::fmt::Write as _;

use repo_core::backend::Reach;

pub(crate) use policies::{Policy, Rows, of as policies_of, write as write_policies};
pub(crate) use role::check as check_role;

/// The setting with the tenant, as text.
pub(crate) const TENANT: &str = "repo.tenant";
/// The setting that shows the rows of all tenants where it is `on`.
pub(crate) const ALL_TENANTS: &str = "repo.all_tenants";

/// The statement that a transaction begins with to have this reach; none where it reaches no tenant's rows.
///
/// It says both settings: SQL by hand may have left one on the connection.
pub(crate) fn setting(reach: &Reach) -> Option<String> {
    let (tenant, all_tenants) = match reach {
        Reach::Shared => return None,
        Reach::Tenant(tenant) => (hex(tenant), "off"),
        Reach::All => (String::new(), "on"),
    };
    Some(format!(
        "SELECT set_config('{TENANT}', convert_from(decode('{tenant}', 'hex'), 'UTF8'), true), \
         set_config('{ALL_TENANTS}', '{all_tenants}', true)"
    ))
}

/// The statement that reads what a transaction has said, as [`again`] takes it, and whether no policy binds its role.
#[cfg(feature = "sqlx")]
pub(crate) const BEFORE: &str = "SELECT coalesce(current_setting('repo.tenant', true), ''), \
    coalesce(current_setting('repo.all_tenants', true), ''), \
    (SELECT rolsuper OR rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user)";

/// The statement that says again what was said before.
pub(crate) fn again(tenant: &str, all_tenants: &str) -> String {
    let text = |text| format!("convert_from(decode('{}', 'hex'), 'UTF8')", hex(text));
    let (tenant, all_tenants) = (text(tenant), text(all_tenants));
    format!(
        "SELECT set_config('{TENANT}', {tenant}, true), \
         set_config('{ALL_TENANTS}', {all_tenants}, true)"
    )
}

/// The digits of a text's bytes: whatever it holds, they end no literal.
fn hex(text: &str) -> String {
    text.bytes().fold(String::with_capacity(2 * text.len()), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

#[cfg(test)]
mod tests {
    use repo_core::backend::Reach;

    use super::setting;

    #[test]
    fn a_tenant_is_set_for_one_transaction_and_as_digits() {
        let hostile = setting(&Reach::Tenant("', false); --é".to_owned())).expect("it is valid");
        let digits = "272c2066616c7365293b202d2dc3a9";
        let expected = format!(
            "SELECT set_config('repo.tenant', convert_from(decode('{digits}', 'hex'), 'UTF8'), true), \
             set_config('repo.all_tenants', 'off', true)"
        );
        assert_eq!(hostile, expected);
    }

    #[test]
    fn nothing_is_set_where_no_tenant_is_reached() {
        assert_eq!(setting(&Reach::Shared), None);
    }
}
