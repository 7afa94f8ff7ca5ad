//! The derives, and what they say of themselves: what each generates, its keys, an example.
//!
//! They are documented here and not where they are written, so that examples and links have this crate's items. All
//! about their keys is in `docs/attributes.md` of the repository; `tests/docs` compares the keys with the derives.

/// Makes a struct with named fields an entity: its values are the rows of a table.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use repo_core::{Repository, Result, Tenant};
/// use uuid::Uuid;
///
/// #[derive(Debug, Clone, Repository)]
/// #[repository(table = "incidents", tenant, soft_delete, versioned, timestamps)]
/// #[repository(index(severity, created_at desc))]
/// struct Incident {
///     id: Uuid,
///     tenant_id: Uuid,
///     #[repository(unique, max_length = 200)]
///     signature: String,
///     severity: i32,
///     #[repository(default = 1)]
///     event_count: i64,
///     version: i64,
///     created_at: DateTime<Utc>,
///     updated_at: DateTime<Utc>,
///     deleted_at: Option<DateTime<Utc>>,
/// }
///
/// # async fn f(incidents: IncidentRepository<Tenant<Uuid>>) -> Result<()> {
/// let new = NewIncident { signature: "timeout".into(), severity: 2 };
/// let incident = incidents.create(new.event_count(3)).await?;
/// incidents.patch(incident.id, IncidentPatch::new().severity(1)).await?;
/// let found = incidents.find_by_signature("timeout").await?;
/// let severe = incidents.filter(Incident::SEVERITY.le(1)).all().await?;
/// # Ok(())
/// # }
/// ```
///
/// # What it generates
///
/// For `struct Incident`, as visible as the struct:
///
/// | item | meaning |
/// |---|---|
/// | `impl Entity`, and [`Mutable`], [`SoftDelete`], [`Versioned`], [`Audited`] | the [`Entity`], and the capabilities that its policies leave it |
/// | `Incident::SEVERITY`, .. | a [`Column`] for each field, for filters, orders and aggregates |
/// | `NewIncident` | what [`create`](crate::Repo::create) takes: a field for each column but an id that is not `assigned`, managed ones and those with a `default` |
/// | `IncidentDraft` | a `NewIncident` with some columns that have a `default`; only where there are such columns |
/// | `IncidentPatch` | what [`patch`](crate::Repo::patch) takes: a setter for each column that may change, and `add` for numbers; none of an `immutable` entity |
/// | `IncidentRepository<S>` | what [`session.repo::<Incident>()`](crate::Session::repo) returns: a [`Repo`] by `Deref`, with finders |
/// | `find_by_..`, `list_by_..` | its finders: `find_by_a_and_b` for each unique key, `list_by_a` for the first column of each other index and for each reference |
/// | `Incident::team()` | of a reference `team_id`: the relation to the parent, a [`BelongsTo`] |
///
/// # Keys of the struct
///
/// In `#[repository(..)]`. Several of these add up.
///
/// | key | meaning |
/// |---|---|
/// | `table = "incidents"` | the name of the table; required |
/// | `formerly = "cases"` | a former name of the table, under which the audit trail has entries |
/// | `tenant` | rows belong to the tenant in `tenant_id` |
/// | `soft_delete` | `delete` sets `deleted_at` and keeps the row |
/// | `immutable` | rows are added and read, never changed; excludes `soft_delete` and `versioned` |
/// | `audited`, `audited(unchained)` | each change is an entry of the [audit trail](crate::Audit), in the chain of its tenant or in none |
/// | `versioned` | `version: i64` counts the changes, and a stale `update` is refused |
/// | `timestamps` | `created_at` and `updated_at` |
/// | `correlated` | `correlation_id` takes the session's [`correlation`](crate::Session::correlation) when the row is created |
/// | `validate(create, update, delete)` | the program is asked about rows: [`Validate`], [`ValidateUpdate`], [`ValidateDelete`] |
/// | `events` | committed changes are told to the listeners of [`Database::on_commit`] |
/// | `index(a, b desc)`, `index(global, a)` | an index, within each tenant or across all |
/// | `unique(a, b)`, `unique(global, a)` | a unique key, within each tenant or across all |
/// | `crate = path` | the path of `repo_core`, where it is no direct dependency |
///
/// # Keys of a field
///
/// | key | meaning |
/// |---|---|
/// | `id`, `tenant`, `version`, `created_at`, `updated_at`, `deleted_at`, `correlation_id` | the field has this role, whatever its name |
/// | `deletion_id` | an `Option<Uuid>`: the deletion that deleted the row together with others |
/// | `plain` | the field has no role, whatever its name |
/// | `assigned` | of the id: whoever creates a row gives it, and `NewIncident` has the field; with a `default` the draft may set it |
/// | `column = "name"` | the name of the column; that of the field otherwise |
/// | `formerly = "name"` | a former name of the column |
/// | `added_with = expr` | the value that rows have that are older than the column |
/// | `unique`, `index` | a unique key or an index over this field |
/// | `references = Parent` | a foreign key to the id of `Parent`, with an index |
/// | `on_delete = restrict`, `on_delete = cascade` | of a reference: the parent is not removed before its rows, or they go with it; `restrict` is the default |
/// | `deleted = hide`, `deleted = show` | of a reference: whether it finds a deleted parent; `hide` is the default |
/// | `json` | stored as a JSON document: any owned serde type that is `Send` and `Sync` |
/// | `decimal(12, 2)` | of a `Decimal`: its digits, and those of them after the point |
/// | `max_length = 200` | the most characters of a text |
/// | `default = expr` | not a field of `NewIncident`: `expr`, unless it is set |
/// | `fixed` | set at creation and never changed |
/// | `sensitive` | shown by no `Debug` of a generated type, in no cursor and in no entry of the audit trail |
///
/// A field is of a [`ColumnType`](trait@crate::ColumnType), or of an `Option` of one. Each struct has one id: a `Uuid` that the
/// repository makes, an `i64` that the database makes, or a newtype over either. An `assigned` one may also be an `i32`, an
/// `i16` or a `String`; a row of the tenant that has it, deleted or not, is a conflict.
///
/// [`Entity`]: crate::Entity
/// [`Mutable`]: crate::Mutable
/// [`SoftDelete`]: crate::SoftDelete
/// [`Versioned`]: crate::Versioned
/// [`Audited`]: crate::Audited
/// [`Column`]: crate::Column
/// [`Repo`]: crate::Repo
/// [`BelongsTo`]: crate::BelongsTo
/// [`Validate`]: crate::Validate
/// [`ValidateUpdate`]: crate::ValidateUpdate
/// [`ValidateDelete`]: crate::ValidateDelete
/// [`Database::on_commit`]: crate::Database::on_commit
pub use repo_derive::Repository;

/// Stores an enum without payload as text, the name of its variant.
///
/// ```
/// use repo_core::{ColumnEnum, Filter, Repository};
///
/// #[derive(Debug, Clone, Copy, PartialEq, ColumnEnum)]
/// #[column(rename_all = "kebab-case")]
/// enum State {
///     Open,
///     InProgress,
///     #[column(rename = "closed")]
///     Done,
/// }
///
/// #[derive(Repository)]
/// #[repository(table = "tasks")]
/// struct Task { id: i64, state: State }
///
/// assert_eq!(State::InProgress.as_str(), "in-progress");
/// assert_eq!(State::from_name("in-progress"), Some(State::InProgress));
/// let unfinished: Filter<Task> = Task::STATE.ne(State::Done);
/// ```
///
/// It generates an implementation of [`ColumnType`](trait@crate::ColumnType), the method `as_str`, which gives the name
/// that is stored, and the function `from_name`, which gives the variant of a name if there is one. The column has a
/// `CHECK` for the names. Order is that of the names, not of the variants.
///
/// | key | meaning |
/// |---|---|
/// | `#[column(rename_all = "kebab-case")]` on the enum | how names are spelled: `snake_case` (the default), `SCREAMING_SNAKE_CASE`, `kebab-case`, `camelCase`, `PascalCase`, `lowercase` or `UPPERCASE` |
/// | `#[column(rename = "closed")]` on a variant | the name of this variant |
/// | `#[column(crate = path)]` on the enum | the path of `repo_core`, where it is no direct dependency |
pub use repo_derive::ColumnEnum;

/// Stores a struct of one field as that field is stored.
///
/// ```
/// use repo_core::{ColumnType, Filter, Repository};
/// use uuid::Uuid;
///
/// #[derive(Debug, Clone, PartialEq, ColumnType)]
/// struct OrgId(Uuid);
///
/// #[derive(Repository)]
/// #[repository(table = "members", tenant)]
/// struct Member {
///     id: Uuid,
///     #[repository(tenant)]
///     org: OrgId,
///     name: String,
/// }
///
/// fn of(org: OrgId) -> Filter<Member> {
///     Member::ORG.eq(org) // and not with a `Uuid`
/// }
/// ```
///
/// It generates an implementation of the trait [`ColumnType`](trait@crate::ColumnType). The column is compared with values of the
/// struct only, so one kind of id is not taken for another. The struct can be an id or a tenant where its field can. A
/// type that checks its values implements the trait by hand.
///
/// | key | meaning |
/// |---|---|
/// | `#[column(crate = path)]` on the struct | the path of `repo_core`, where it is no direct dependency |
pub use repo_derive::ColumnType;

/// Reads some columns of a row, and of rows that it refers to, into a struct.
///
/// ```
/// use repo_core::{NoTenant, Projection, Repository, Result};
/// use uuid::Uuid;
///
/// #[derive(Repository)]
/// #[repository(table = "books")]
/// struct Book { id: Uuid, title: String, text: String }
///
/// #[derive(Debug, Projection)]
/// #[projection(entity = Book)]
/// struct Heading {
///     id: Uuid,
///     #[projection(column = Book::TITLE)]
///     name: String,
/// }
///
/// # async fn f(books: BookRepository<NoTenant>) -> Result<()> {
/// let headings: Vec<Heading> = books.query().project::<Heading>().all().await?;
/// # Ok(())
/// # }
/// ```
///
/// It generates an implementation of the trait [`Projection`](trait@crate::Projection), for
/// [`Query::project`](crate::Query::project). The statement reads these columns and no others.
///
/// | key | meaning |
/// |---|---|
/// | `#[projection(entity = Book)]` on the struct | the entity whose rows are read; required |
/// | `#[projection(column = Book::TITLE)]` on a field | its column, or one of a row that the entity refers to (`Book::author().column(Author::NAME)`), which is an `Option`; the column of the field's name otherwise |
/// | `#[projection(crate = path)]` on the struct | the path of `repo_core`, where it is no direct dependency |
pub use repo_derive::Projection;

/// Makes a struct what SQL by hand answers with: each field is the column of its name.
///
/// ```
/// use repo_core::{Database, Repository, Result, SqlRow};
/// use uuid::Uuid;
///
/// #[derive(Repository)]
/// #[repository(table = "parcels")]
/// struct Parcel { id: Uuid, city: String, grams: i64 }
///
/// #[derive(Debug, SqlRow)]
/// struct Load {
///     city: String,
///     parcels: i64,
///     #[sql_row(column = Parcel::GRAMS)]
///     heaviest: Option<i64>,
/// }
///
/// # async fn f(db: Database) -> Result<()> {
/// let sql = "SELECT city, count(*) AS parcels, max(grams) AS heaviest FROM parcels GROUP BY city";
/// let loads: Vec<Load> = db.session().sql(sql).all().await?;
/// # Ok(())
/// # }
/// ```
///
/// It generates an implementation of the trait [`SqlRow`](trait@crate::SqlRow), for
/// [`Session::sql`](crate::Session::sql) and [`UncheckedSql::sql`](crate::UncheckedSql::sql). For columns of one entity
/// derive [`Projection`](derive@crate::Projection) instead, which queries read too.
///
/// | key | meaning |
/// |---|---|
/// | `#[sql_row(column = Parcel::GRAMS)]` on a field | it is read as this column is stored, and is of its type or an `Option` of that: needed for a decimal, as only a column says its digits. A field without it is read as its type is stored |
/// | `#[sql_row(crate = path)]` on the struct | the path of `repo_core`, where it is no direct dependency |
pub use repo_derive::SqlRow;

/// Sums up groups of rows in a struct: each field is a key of a group or a value about it.
///
/// ```
/// use repo_core::{NoTenant, Repository, Result, Summary, count};
/// use uuid::Uuid;
///
/// #[derive(Repository)]
/// #[repository(table = "calls")]
/// struct Call { id: Uuid, model: String, tokens: i64 }
///
/// #[derive(Debug, Summary)]
/// #[summary(entity = Call)]
/// struct ByModel {
///     #[summary(key = Call::MODEL)]
///     model: String,
///     #[summary(value = count())]
///     calls: u64,
///     #[summary(value = Call::TOKENS.sum())]
///     tokens: Option<i64>,
/// }
///
/// # async fn f(calls: CallRepository<NoTenant>) -> Result<()> {
/// let models: Vec<ByModel> = calls.query().summaries::<ByModel>().all().await?;
/// # Ok(())
/// # }
/// ```
///
/// It generates an implementation of the trait [`Summary`](trait@crate::Summary), for
/// [`Query::summaries`](crate::Query::summaries). Without a `key` the struct sums up all rows.
///
/// | key | meaning |
/// |---|---|
/// | `#[summary(entity = Call)]` on the struct | the entity whose rows are summed up; required |
/// | `#[summary(key = Call::MODEL)]` on a field | rows are grouped by it: a [`Column`](crate::Column), one of a row that the entity refers to, or a [`Bucket`](crate::Bucket) of time |
/// | `#[summary(value = count())]` on a field | the [`Aggregate`](crate::Aggregate) that the group is asked for |
/// | `#[summary(crate = path)]` on the struct | the path of `repo_core`, where it is no direct dependency |
pub use repo_derive::Summary;

/// Makes a struct of optional conditions a filter, such as a web handler reads from a request.
///
/// ```
/// use repo_core::{NoTenant, Repository, Result, Search};
/// use uuid::Uuid;
///
/// #[derive(Repository)]
/// #[repository(table = "books")]
/// struct Book { id: Uuid, title: String, year: i32, isbn: Option<String> }
///
/// #[derive(Debug, Default, Search)]
/// #[search(entity = Book)]
/// struct BookSearch {
///     #[search(icontains)]
///     title: Option<String>,
///     #[search(column = YEAR, ge)]
///     from: Option<i32>,
///     #[search(column = ISBN, is_null)]
///     without_isbn: Option<bool>,
///     #[search(skip)]
///     page: u64,
/// }
///
/// # async fn f(books: BookRepository<NoTenant>) -> Result<()> {
/// let search = BookSearch { from: Some(1990), ..BookSearch::default() };
/// let found = books.filter(search).all().await?;
/// # Ok(())
/// # }
/// ```
///
/// It generates an implementation of [`IntoFilter`](crate::query::IntoFilter). The filter holds where the conditions of all
/// fields hold that have a value. Each condition is a method of a [`Column`](crate::Column).
///
/// | key | meaning |
/// |---|---|
/// | `#[search(entity = Book)]` on the struct | the entity whose rows are sought; required |
/// | `eq`, `ne`, `lt`, `le`, `gt`, `ge`, `contains`, `icontains`, `starts_with`, `ends_with`, `ieq`, `on` in `#[search(..)]` on an `Option` | the method; `eq` is the default |
/// | `in_list`, `not_in` on a `Vec`, or an `Option` of one | the method; an empty list is no condition |
/// | `is_null` on an `Option<bool>` | `true` for rows without a value, `false` for rows with one |
/// | `column = YEAR` | the constant of the column; that of the field's name otherwise |
/// | `skip` | the field is no condition |
/// | `#[search(crate = path)]` on the struct | the path of `repo_core`, where it is no direct dependency |
pub use repo_derive::Search;
