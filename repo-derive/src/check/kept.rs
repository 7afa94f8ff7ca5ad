//! Which names both databases keep, as they are.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::LitStr;

use super::Field;
use crate::diag::Diag;
use crate::model::Column;
use crate::names;

/// The columns that every table of Postgres has already; it tells them apart by case.
const OF_POSTGRES: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// How SQLite begins the names of its own tables, in any case.
const OF_SQLITE: &str = "sqlite_";

/// Reports a name of a table that one of the databases does not keep.
pub(super) fn check_table(name: &LitStr, diag: &mut Diag) {
    let text = name.value();
    check(name, &text, "table", "shorten it", diag);
    if let Some((schema, table)) = text.rsplit_once('.') {
        let problem = "a table is called by its name alone, without its schema";
        let help = format!(
            "write `table = \"{table}\"`, and reach a schema of Postgres by the search path of the connection: \
             `?options=-c%20search_path%3D{schema}` in its URL"
        );
        diag.error(name, problem, help);
    }
    let begins = text.get(..OF_SQLITE.len());
    if begins.is_some_and(|start| start.eq_ignore_ascii_case(OF_SQLITE)) {
        let problem = format_args!("SQLite keeps names that begin with `{OF_SQLITE}` for itself");
        diag.error(name, problem, "give the table another name");
    }
}

/// Reports a former name of the table that cannot have been one.
pub(super) fn check_former_tables(names: &[LitStr], table: &str, diag: &mut Diag) {
    for (at, given) in names.iter().enumerate() {
        let name = given.value();
        let problem = if name.is_empty() {
            "no table had this name".to_owned()
        } else if name == table {
            format!("the table is called `{name}` now")
        } else if name.contains('.') {
            "a table is called by its name alone, without its schema".to_owned()
        } else if names[..at].contains(given) {
            format!("`{name}` is given twice")
        } else {
            continue;
        };
        diag.error(given, problem, "write a name that the table had before, or remove it");
    }
}

/// Reports a name of a column that one of the databases does not keep: that of its field where none is `given`.
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

/// Reports a former name that does not tell which column is meant.
pub(super) fn check_former(fields: &[Field<'_>], columns: &[Column], diag: &mut Diag) {
    let mut earlier: Vec<(String, &Ident)> = Vec::new();
    for (field, column) in fields.iter().zip(columns) {
        for given in &field.attr.formerly {
            let name = given.value();
            let living = columns.iter().find(|other| other.name == name);
            let other = earlier.iter().find(|(other, _)| *other == name);
            let problem = match (living, other) {
                _ if name.is_empty() => "no column had this name".to_owned(),
                (Some(living), _) if living.ident == column.ident => {
                    format!("`{}` is called `{name}` now", column.ident)
                }
                (Some(living), _) => format!("`{name}` is the column of `{}` now", living.ident),
                (None, Some((_, other))) if *other == field.ident => {
                    format!("`{name}` is given twice")
                }
                (None, Some((_, other))) => {
                    format!("`{other}` and `{}` cannot both have been `{name}`", field.ident)
                }
                (None, None) => {
                    earlier.push((name, field.ident));
                    continue;
                }
            };
            diag.error(given, problem, "write the name of a column that is no more, or remove it");
        }
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
