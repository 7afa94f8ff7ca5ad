//! Which names both databases keep, as they are.

use quote::ToTokens;
use syn::LitStr;

use crate::diag::Diag;
use crate::names;

/// The columns that every table of Postgres has already; it tells them apart by case.
const OF_POSTGRES: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// How SQLite begins the names of its own tables, in any case.
const OF_SQLITE: &str = "sqlite_";

/// Reports a name of a table that one of the databases does not keep.
pub(super) fn check_table(name: &LitStr, diag: &mut Diag) {
    let text = name.value();
    check(name, &text, "table", "shorten it", diag);
    let begins = text.get(..OF_SQLITE.len());
    if begins.is_some_and(|start| start.eq_ignore_ascii_case(OF_SQLITE)) {
        let problem = format_args!("SQLite keeps names that begin with `{OF_SQLITE}` for itself");
        diag.error(name, problem, "give the table another name");
    }
}

/// The same of a column, which has the name of its field where none is `given`.
pub(super) fn check_column(
    field: &impl ToTokens,
    given: Option<&LitStr>,
    text: &str,
    diag: &mut Diag,
) {
    let another = "give the column another name: `#[repository(column = \"name\")]`";
    let place = given.map_or_else(|| field.to_token_stream(), ToTokens::to_token_stream);
    let shorter = if given.is_some() { "shorten it" } else { another };
    check(&place, text, "column", shorter, diag);
    if OF_POSTGRES.contains(&text) {
        let problem = format_args!("every table of Postgres has a column `{text}` of its own");
        diag.error(place, problem, another);
    }
}

fn check(place: impl ToTokens, text: &str, key: &str, shorter: &str, diag: &mut Diag) {
    let (length, most) = (text.len(), names::MAX_NAME_LENGTH);
    if text.is_empty() || text.contains('\0') {
        let help = format_args!("write `{key} = \"name\"`");
        diag.error(place, format_args!("no {key} can have this name"), help);
    } else if length > most {
        let problem =
            format_args!("the name of this {key} has {length} bytes, and Postgres keeps {most}");
        diag.error(place, problem, shorter);
    }
}
