//! No way to write is left out of the table: the methods are read from the sources.
//!
//! A method can write if it is one of a type that holds a way to the database, in whichever field and however
//! deep, or if it is a function or in a trait and takes or returns such a type. Each such method that is
//! public is in a row of `paths.rs` or in the list below, which says why it is in none; so is each method
//! that the derive generates, read from the snapshots of its output.

use std::collections::BTreeSet;

use super::paths;
use super::sources::{Sources, generated};

/// The public methods that write no row of an entity, and why.
const NOT_WRITING: &[(&str, &[&str])] = &[
    (
        "opens, describes or closes a database",
        &[
            "Database::close",
            "Database::dialect",
            "Database::health",
            "Database::new",
            "Database::opened_over_all_tenants",
            "Database::system",
            "Database::unchecked_sql_count",
            "Database::with_clock",
            "Database::with_cursor_key",
            "Database::with_ids",
            "Driver::connect",
            "connect",
            "connect_from_env",
            "connect_with",
        ],
    ),
    (
        "is hidden, and hands the backend to drivers: past every policy, and so nothing that an application calls",
        &["backend"],
    ),
    (
        "compiles nowhere: groups are asked for what is selected of each",
        &["Groups::all", "Groups::count", "Groups::max", "Groups::min", "Groups::sum"],
    ),
    (
        "is about tables, not rows",
        &["Database::create_tables", "Database::doctor", "Database::register"],
    ),
    (
        "says whose rows, for whom and why",
        &[
            "Database::all_tenants",
            "Database::session",
            "Database::tenant",
            "Repo::session",
            "Session::actor",
            "Session::audit",
            "Session::because",
            "Session::correlation",
            "Session::database",
            "Session::in_transaction",
            "Session::reason",
            "Session::repo",
            "Session::scope",
            "Transaction::session",
        ],
    ),
    (
        "is where paths are gone: each is, in each of these",
        &[
            "Session::begin",
            "Session::begin_with",
            "Session::transaction",
            "Session::transaction_with",
            "Transaction::commit",
            "Transaction::rollback",
        ],
    ),
    (
        "is where paths and SQL of sqlx are in one transaction: see tests/beside-sqlx",
        &["UncheckedSql::lend", "join"],
    ),
    ("runs what it is given", &["Database::on_commit", "Session::after_commit"]),
    (
        "asks for rows",
        &[
            "Chunks::after",
            "Chunks::next",
            "Chunks::position",
            "Export::with_sensitive",
            "Filled::select",
            "FilledGroups::all",
            "Grouped::all",
            "Grouped::descending",
            "Grouped::having",
            "Grouped::limit",
            "Grouped::order_by",
            "Groups::fill",
            "Groups::select",
            "Query::aggregate",
            "Query::all",
            "Query::at_most_one",
            "Query::avg",
            "Query::chunks",
            "Query::count",
            "Query::count_distinct",
            "Query::earliest",
            "Query::earliest_per",
            "Query::exists",
            "Query::export_csv",
            "Query::export_json_lines",
            "Query::filter",
            "Query::first",
            "Query::for_update",
            "Query::group_by",
            "Query::latest",
            "Query::latest_per",
            "Query::limit",
            "Query::max",
            "Query::min",
            "Query::no_wait",
            "Query::offset",
            "Query::one",
            "Query::only_deleted",
            "Query::order_by",
            "Query::page",
            "Query::percentile",
            "Query::percentile_cont",
            "Query::project",
            "Query::recent",
            "Query::skip_locked",
            "Query::stream",
            "Query::sum",
            "Query::summaries",
            "Query::window",
            "Reading::new",
            "Query::with",
            "Query::with_deleted",
            "QueryWith::all",
            "QueryWith::at_most_one",
            "QueryWith::filter",
            "QueryWith::first",
            "QueryWith::for_update",
            "QueryWith::limit",
            "QueryWith::no_wait",
            "QueryWith::offset",
            "QueryWith::one",
            "QueryWith::only_deleted",
            "QueryWith::order_by",
            "QueryWith::page",
            "QueryWith::skip_locked",
            "QueryWith::window",
            "QueryWith::with_deleted",
            "Relation::load",
            "Repo::all",
            "Repo::count",
            "Repo::exists",
            "Repo::filter",
            "Repo::find",
            "Repo::find_for_update",
            "Repo::first",
            "Repo::get",
            "Repo::get_for_update",
            "Repo::get_many",
            "Repo::load",
            "Repo::load_one",
            "Repo::query",
            "Session::sql",
            "Sql::all",
            "Sql::at_most_one",
            "Sql::bind",
            "Sql::bind_as",
            "Sql::one",
            "Summaries::all",
            "Summaries::descending",
            "Summaries::having",
            "Summaries::limit",
            "Summaries::one",
            "Summaries::order_by",
            "Target::find",
            "UncheckedSql::sql",
        ],
    ),
    (
        "reads the trail",
        &[
            "Audit::as_of",
            "Audit::chain",
            "Audit::between",
            "Audit::by_actor",
            "Audit::by_correlation",
            "Audit::history",
            "Audit::recent",
            "AuditChain::chain",
            "AuditChain::checkpoint",
            "AuditChain::verify",
            "Database::audit_chain",
            "Database::audit_chains",
            "Verify::against",
            "Verify::from",
        ],
    ),
    (
        "asks for rows, and is generated",
        &["X::<reference>", "XRepository::find_by_<columns>", "XRepository::list_by_<column>"],
    ),
];

/// The traits that a type with a way to the database implements: none has a method that writes but by
/// awaiting what a method made.
const TRAITS: &[&str] = &[
    "Clone",
    "Debug",
    "Deref",
    "DerefMut",
    "Drop",
    "From",
    "Future",
    "IntoFuture",
    "LooksAt",
    "OpenToSql",
    "ReachableFrom",
    "RecordedFor",
    "Sealed",
    "Tenancy",
    "WritableFrom",
];

#[test]
fn no_method_that_may_write_is_left_out() {
    let mut found = Sources::read().methods();
    found.extend(generated());
    let listed = listed();
    for (method, place) in &found {
        assert!(
            listed.contains(&&**method),
            "`{method}` in {place} may write, and nobody says what it does under each policy. If it writes \
             rows, add a row for it to `PATHS` in tests/conformance/write_paths/paths.rs, with a cell for \
             each policy; if it does not, name it in `NOT_WRITING` in \
             tests/conformance/write_paths/methods.rs"
        );
    }
    let gone: Vec<_> = listed.iter().filter(|method| !found.contains_key(**method)).collect();
    assert!(gone.is_empty(), "these are listed, and there are no such methods: {gone:?}");
}

#[test]
fn a_method_is_in_a_row_of_the_table_or_does_not_write() {
    let not_writing: BTreeSet<_> = NOT_WRITING.iter().flat_map(|(_, methods)| *methods).collect();
    for path in paths() {
        assert!(!path.methods.is_empty(), "`{}` goes through a method", path.name);
        for method in path.methods {
            assert!(!not_writing.contains(method), "`{method}` is in `{}`", path.name);
        }
    }
}

#[test]
fn no_trait_brings_a_method_that_writes() {
    for (name, owner) in Sources::read().traits() {
        assert!(
            TRAITS.contains(&&*name),
            "`{owner}` implements `{name}`. If a method of that trait writes, add a row for it to `PATHS` in \
             tests/conformance/write_paths/paths.rs; then name the trait in `TRAITS` in \
             tests/conformance/write_paths/methods.rs"
        );
    }
}

#[test]
fn no_macro_hides_a_method() {
    assert_eq!(Sources::read().macros(), [""; 0], "write the methods out, so that they are found");
}

/// Every method that is in the table or that writes nothing.
fn listed() -> BTreeSet<&'static str> {
    let writing = paths().flat_map(|path| path.methods);
    let others = NOT_WRITING.iter().flat_map(|(_, methods)| *methods);
    writing.chain(others).copied().collect()
}
