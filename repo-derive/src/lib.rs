//! The derives of the repo data-access layer: `Repository`, `ColumnEnum` and `ColumnType`.
//!
//! Use them through `repo_core`, which documents them beside the traits they implement. Each goes
//! `attr -> check -> model -> expand`, and each stage reads only the one before it. What a type can do is
//! asked of the compiler in the expansion; no stage guesses it.

mod attr;
mod check;
mod column_enum;
mod column_type;
mod diag;
mod expand;
#[cfg(test)]
mod expansions;
mod fallback;
mod model;
mod names;
mod types;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

use crate::diag::Diag;

<<<<<<< HEAD
/// Makes a struct an entity: its fields become the columns of a table.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use repo_core::{ColumnEnum, Repository};
/// use uuid::Uuid;
///
/// #[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
/// pub enum Status { New, Analyzing, Resolved }
///
/// /// A case that somebody works on.
/// #[derive(Debug, Clone, PartialEq, Repository)]
/// #[repository(table = "incidents", tenant, soft_delete, versioned, timestamps)]
/// #[repository(index(status, created_at desc))]
/// pub struct Incident {
///     pub id: Uuid,
///     pub tenant_id: Uuid,
///     #[repository(unique)]
///     pub signature: String,
///     pub status: Status,
///     #[repository(default = 1)]
///     pub event_count: i64,
///     #[repository(sensitive)]
///     pub reporter_email: Option<String>,
///     pub version: i64,
///     pub created_at: DateTime<Utc>,
///     pub updated_at: DateTime<Utc>,
///     pub deleted_at: Option<DateTime<Utc>>,
/// }
///
/// # use repo_core::{Database, Error, PageRequest};
/// # async fn work(db: Database, acme: Uuid) -> Result<(), Error> {
/// let incidents = db.tenant(acme).repo::<Incident>();
/// let new = NewIncident {
///     signature: "timeout".to_owned(),
///     status: Status::New,
///     reporter_email: None,
/// };
/// let incident = incidents.create(new.event_count(3)).await?;
/// incidents.patch(incident.id, IncidentPatch::new().status(Status::Resolved)).await?;
/// let known = incidents.find_by_signature("timeout").await?;
/// let page = incidents
///     .filter(Incident::STATUS.eq(Status::New))
///     .order_by(Incident::CREATED_AT.desc())
///     .page(PageRequest::number(1).size(20))
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// # What it writes
///
/// - `NewIncident`: the columns that whoever creates a row gives, all of them in a struct literal. A column
///   with a `default` has a setter instead, which turns it into an `IncidentDraft`; `create` takes both.
/// - `IncidentPatch`: a setter for each column that may change. Setting an `Option` column to `None` makes
///   it `NULL`; not setting it leaves it as it is. There is none for an `immutable` entity.
/// - `Incident::STATUS` and so on: a `Column` for each field, to filter and order by.
/// - `IncidentRepository<S>`: the repository, which derefs to `Repo<Incident, S>`. It has
///   `find_by_signature` for each unique index and `list_by_status` for the first column of each other
///   index. Methods of your own go into an `impl IncidentRepository<Tenant<Uuid>>`.
///
/// They are as visible as the struct; the constants are as visible as their fields. `Debug` of `NewIncident`
/// and `IncidentPatch` needs nothing of the types of the fields and hides `sensitive` columns.
///
/// # Keys of the struct
///
/// | key | meaning | field it needs |
/// |---|---|---|
/// | `table = "name"` | the table; required | |
/// | `tenant` | each row belongs to a tenant, and no query compiles without one | `tenant_id` |
/// | `soft_delete` | `delete` marks rows, `restore` brings them back | `deleted_at: Option<DateTime<Utc>>` |
/// | `immutable` | rows are added and read, never changed or deleted | |
/// | `versioned` | a change of a row that changed meanwhile is an error | `version: i64` |
/// | `timestamps` | when a row was created and changed; of an `immutable` entity, created | `created_at`, `updated_at: DateTime<Utc>` |
/// | `correlated` | the correlation of the session that created a row | `correlation_id`: `String`, `Uuid`, or `Option` of one |
/// | `index(a, b desc)` | an index; the tenant comes first by itself | |
/// | `unique(a, b)` | no two live rows of a tenant agree in all of them | |
/// | `unique(global, a)` | no two live rows of any tenants agree | |
/// | `crate = path` | where repo-core is, if not at `::repo_core` | |
///
/// # Keys of a field
///
/// | key | meaning |
/// |---|---|
/// | `id`, `tenant`, `version`, `created_at`, `updated_at`, `deleted_at`, `correlation_id` | the field has this role, whatever its name |
/// | `unique` | no two live rows of a tenant have the same value |
/// | `index` | an index over the field |
/// | `column = "name"` | the name of the column, if not that of the field |
/// | `json` | stored as a JSON document, by serde; of an `Option`, `None` is `NULL` |
/// | `decimal(precision, scale)` | how many digits a `Decimal` has (at most 18), and how many after the point |
/// | `max_length = n` | the most characters of a text |
/// | `default = expression` | the value of a new row where none is set |
/// | `fixed` | given at creation and never changed |
/// | `sensitive` | never shown: in no `Debug`, no log, no error |
/// | `references = Parent` | holds the id of a `Parent` of the same tenant: a foreign key, with an index |
/// | `on_delete = cascade` | beside `references`: deleting the parent deletes the row; else `restrict` |
///
/// The id is a `Uuid` that the repository makes, an `i64` that the database makes, or a newtype over one of
/// them. It, the tenant, the version, the times and the correlation are written by the repository alone.
/// No field has a role by its name alone, but for `id`: the key of the struct asks for it.
///
/// # Parameters
///
/// The struct may have type parameters; they need the bounds that their columns need, such as
/// `T: ColumnType`. All that is generated has the same parameters. It may not have lifetimes.
=======
/// Implements `repo_core::Entity` for a struct with named fields. The code calls `::repo_core`, unless
/// `#[repository(crate = path)]` says where that is.
>>>>>>> refs/heads/docs
#[proc_macro_derive(Repository, attributes(repository))]
pub fn derive_repository(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    repository(&input).into()
}

<<<<<<< HEAD
/// Makes an enum without payload a column type: a text, the name of the variant in `snake_case`.
///
/// ```
/// use repo_core::{ColumnEnum, ColumnType};
///
/// #[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
/// pub enum Status {
///     New,
///     InReview,
///     #[column(rename = "closed")]
///     Done,
/// }
///
/// assert_eq!(Status::InReview.as_str(), "in_review");
/// assert_eq!(Status::VARIANTS, ["new", "in_review", "closed"]);
/// ```
///
/// `#[column(rename_all = "..")]` on the enum spells all names in one of `snake_case`,
/// `SCREAMING_SNAKE_CASE`, `kebab-case`, `camelCase`, `PascalCase`, `lowercase` and `UPPERCASE`;
/// `#[column(crate = path)]` says where repo-core is. Renaming a variant in Rust renames it in the database:
/// keep the stored name with `rename`.
=======
/// Implements `repo_core::ColumnType` for an enum without payload. The code calls `::repo_core`, unless
/// `#[column(crate = path)]` says where that is.
>>>>>>> refs/heads/docs
#[proc_macro_derive(ColumnEnum, attributes(column))]
pub fn derive_column_enum(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    column_enum::derive(&input).into()
}

<<<<<<< HEAD
/// Makes a struct around one value a column type: stored, compared and searched as the value is.
///
/// ```
/// use repo_core::{ColumnType, Kind};
/// use uuid::Uuid;
///
/// #[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnType)]
/// pub struct OrgId(Uuid);
///
/// assert_eq!(OrgId::KIND, Kind::Uuid);
/// ```
///
/// A type that checks what it holds implements the trait by hand; its documentation shows how.
/// `#[column(crate = path)]` says where repo-core is.
=======
/// Implements `repo_core::ColumnType` for a struct of one field. The code calls `::repo_core`, unless
/// `#[column(crate = path)]` says where that is.
>>>>>>> refs/heads/docs
#[proc_macro_derive(ColumnType, attributes(column))]
pub fn derive_column_type(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    column_type::derive(&input).into()
}

fn repository(input: &DeriveInput) -> proc_macro2::TokenStream {
    let mut diag = Diag::default();
    let mut tokens = match check::check(input, &mut diag) {
        Some(entity) => expand::expand(&entity),
        None => fallback::entity(input, &check::krate_of(input)),
    };
    tokens.extend(diag.into_tokens());
    tokens
}
