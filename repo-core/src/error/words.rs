//! What the texts of errors say of their fields.

/// How to have the transaction that an operation needs.
pub(super) fn to_open_one(operation: &str) -> &'static str {
    match operation {
        "join" => "begin one with sqlx, and give its connection",
        _ => "open one with `session.transaction(..)`",
    }
}

/// The columns of a key, or what else is known of it.
pub(super) fn key_in_words(columns: &[String], constraint: &str) -> String {
    match (columns, constraint) {
        ([], "") => "unique key".to_owned(),
        ([], name) => format!("unique key, `{name}`"),
        (columns, _) => columns.join(", "),
    }
}

pub(super) fn actual_version(actual: Option<i64>) -> String {
    actual.map_or_else(|| "found a newer one".to_owned(), |actual| format!("found {actual}"))
}
