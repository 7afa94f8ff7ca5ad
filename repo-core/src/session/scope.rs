//! Whose rows a session reaches.
//!
//! The scope is a type, so that a query without a tenant does not compile; the tenant is a value in it.
//! A session over all tenants writes no row of a tenant, with one exception: `purge_deleted_before` (`purge.rs`).
//! There is no ambient tenant: no thread-local, no task-local, no global.

use std::fmt::Debug;
use std::marker::PhantomData;

use sealed::Sealed;

use crate::audit::author::LONGEST;
use crate::value::column_type::ColumnType;
use crate::value::stored::stored;
use crate::value::{InvalidValue, Value};

/// A session without a tenant: reaches entities without `tenant`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoTenant;

/// A session of one tenant: reaches its rows and the entities without `tenant`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant<T>(pub(crate) T);

/// A session over all tenants: reads every entity, writes those without `tenant`.
///
/// There is one exception: [`purge_deleted_before`](crate::Repo::purge_deleted_before) removes the deleted rows of
/// every tenant. Opened by [`Database::all_tenants`](crate::Database::all_tenants).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllTenants {
    pub(crate) reason: std::sync::Arc<str>,
}

/// What a session can be opened for: [`NoTenant`], [`Tenant`], [`AllTenants`], and nothing else.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whose rows a session reaches",
    label = "expected `NoTenant`, `AllTenants` or a `Tenant<_>`",
    note = "where `{Self}` is the type of the tenant, write `Tenant<{Self}>`"
)]
pub trait Scope: Sealed + Debug + Clone + Send + Sync + 'static {
    /// Whose rows these are, in one word for all types of tenants.
    ///
    /// # Errors
    ///
    /// When the tenant is no value that a column can hold, or is a text without characters or of more than 1,000
    /// bytes.
    fn reach(&self) -> Result<Reach, InvalidValue>;

    /// Why the session was opened, where that must be said.
    fn reason(&self) -> Option<&str> {
        None
    }
}

/// Whose rows a session reaches, whatever the type of its tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Those that belong to no tenant.
    Shared,
    /// Those of the tenant that this text stands for.
    Tenant(String),
    /// Those of all tenants.
    All,
}

impl Scope for NoTenant {
    fn reach(&self) -> Result<Reach, InvalidValue> {
        Ok(Reach::Shared)
    }
}

impl<T: ColumnType + Clone + Debug> Scope for Tenant<T> {
    fn reach(&self) -> Result<Reach, InvalidValue> {
        let tenant = in_bounds(stored(&self.0, T::KIND)?)?;
        Ok(Reach::Tenant(crate::audit::image::text(&tenant).into_owned()))
    }
}

impl Scope for AllTenants {
    fn reach(&self) -> Result<Reach, InvalidValue> {
        Ok(Reach::All)
    }

    fn reason(&self) -> Option<&str> {
        Some(&self.reason)
    }
}

impl<T> Tenant<T> {
    /// The tenant.
    pub fn id(&self) -> &T {
        &self.0
    }
}

impl AllTenants {
    /// Why all tenants are looked at.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// The tenancy of an entity without `tenant`.
#[derive(Debug)]
pub enum Shared {}

/// The tenancy of an entity with `tenant`, whose column is a `T`.
#[derive(Debug)]
pub struct OwnedBy<T>(PhantomData<fn() -> T>);

/// The tenancy of rows that belong to the tenant of any session, whatever its type: the audit trail.
#[derive(Debug)]
pub enum OfAnyTenant {}

/// [`Shared`], [`OwnedBy`] or [`OfAnyTenant`], and no other.
pub trait Tenancy: Sealed + 'static {}

/// Keeps the scopes and the tenancies to those that are here.
mod sealed {
    pub trait Sealed {}
}

impl Sealed for NoTenant {}
impl<T> Sealed for Tenant<T> {}
impl Sealed for AllTenants {}
impl Sealed for Shared {}
impl Sealed for OfAnyTenant {}
impl<T> Sealed for OwnedBy<T> {}

impl Tenancy for Shared {}
impl Tenancy for OfAnyTenant {}
impl<T: 'static> Tenancy for OwnedBy<T> {}

/// The scopes from which rows of this tenancy can be read.
#[diagnostic::on_unimplemented(
    message = "the rows of a tenant's entity cannot be reached from `{S}`: this one is `{Self}`",
    label = "a session of `{S}` does not say whose rows",
    note = "open a session with `db.tenant(id)`, whose id has the type of the entity's tenant, the `T` of `OwnedBy<T>`, or with `db.all_tenants(reason)` to read"
)]
pub trait ReachableFrom<S: Scope>: Tenancy {
    /// The tenant whose rows are reached; `None` for all rows there are.
    ///
    /// # Errors
    ///
    /// When the tenant is no value that a column can hold.
    fn tenant(scope: &S) -> Result<Option<Value<'_>>, InvalidValue>;
}

/// The scopes from which rows of this tenancy can be written. The rows of a tenant are written from a session of this
/// tenant, and not from one over all tenants.
///
/// [`purge_deleted_before`](crate::Repo::purge_deleted_before) is the one method that removes rows and asks for
/// [`ReachableFrom`] only.
#[diagnostic::on_unimplemented(
    message = "the rows of a tenant's entity cannot be written from `{S}`: this one is `{Self}`",
    label = "a session of `{S}` does not say whose row it would be",
    note = "open a session with `db.tenant(id)` for the tenant whose row is written"
)]
pub trait WritableFrom<S: Scope>: ReachableFrom<S> {}

/// The scopes whose audit trail tells of rows of this tenancy: of one tenant's rows a session of this tenant,
/// of rows that belong to none a session without a tenant or over all.
#[diagnostic::on_unimplemented(
    message = "the audit trail of `{S}` does not tell of these rows: they are `{Self}`",
    label = "a session of `{S}` reads another trail",
    note = "a tenant's rows are in the trail of `db.tenant(id)`, all others in that of `db.session()`"
)]
pub trait RecordedFor<S: Scope>: ReachableFrom<S> {}

impl RecordedFor<NoTenant> for Shared {}
impl RecordedFor<AllTenants> for Shared {}
impl<T: ColumnType + Clone + Debug> RecordedFor<Tenant<T>> for OwnedBy<T> {}

/// The tenancies at whose rows a condition on rows of this one may look: whoever reads these sees no more of
/// those than a condition on their own rows would show.
#[diagnostic::on_unimplemented(
    message = "rows that are `{Self}` cannot be filtered by rows that are `{T}`",
    label = "rows that all share would tell what rows of any tenant are there",
    note = "load these rows instead, with `query.with(..)` in a session of the tenant"
)]
pub trait LooksAt<T: Tenancy>: Tenancy {}

impl LooksAt<Shared> for Shared {}
impl<T: 'static> LooksAt<Shared> for OwnedBy<T> {}
impl<T: 'static> LooksAt<OwnedBy<T>> for OwnedBy<T> {}

impl<S: Scope> ReachableFrom<S> for Shared {
    fn tenant(_: &S) -> Result<Option<Value<'_>>, InvalidValue> {
        Ok(None)
    }
}

impl<T: ColumnType + Clone + Debug> ReachableFrom<Tenant<T>> for OwnedBy<T> {
    fn tenant(scope: &Tenant<T>) -> Result<Option<Value<'_>>, InvalidValue> {
        stored(&scope.0, T::KIND).and_then(in_bounds).map(Some)
    }
}

impl<T: 'static> ReachableFrom<AllTenants> for OwnedBy<T> {
    fn tenant(_: &AllTenants) -> Result<Option<Value<'_>>, InvalidValue> {
        Ok(None)
    }
}

impl<S: Scope> ReachableFrom<S> for OfAnyTenant {
    fn tenant(scope: &S) -> Result<Option<Value<'_>>, InvalidValue> {
        Ok(match scope.reach()? {
            Reach::Shared => Some(Value::Text("".into())),
            Reach::Tenant(tenant) => Some(Value::Text(tenant.into())),
            Reach::All => None,
        })
    }
}

impl<S: Scope> WritableFrom<S> for Shared {}
impl<T: ColumnType + Clone + Debug> WritableFrom<Tenant<T>> for OwnedBy<T> {}

/// The tenant, which is not nothing: in the audit trail an empty text stands for rows that belong to none. Nor is
/// it longer than what an index of any database holds, of which it is the first column.
fn in_bounds(tenant: Value<'_>) -> Result<Value<'_>, InvalidValue> {
    let length = match &tenant {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => return Ok(tenant),
    };
    match length {
        0 => Err(InvalidValue::new("is empty")),
        1..=LONGEST => Ok(tenant),
        _ => Err(InvalidValue::new(format!("is longer than {LONGEST} bytes"))),
    }
}
