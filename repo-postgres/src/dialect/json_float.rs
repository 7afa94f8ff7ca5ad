//! A number of a document as the nearest double.
//!
//! A document holds any `numeric`. The cast refuses those that have no double but zero or an infinity beside
//! them, so that one document would fail the statement about all: these are told apart before it.

use super::push;

/// From where on the nearest double is infinite, and up to where it is zero: halfway between the two beside it.
const HALVES: &str = "'{-1.7976931348623158079372897140530e308,-2.4703282292062327208828439643412e-324,\
    2.4703282292062327208828439643412e-324,1.7976931348623158079372897140530e308}'::numeric[]";

/// The double nearest to what the expression `found` finds, and `NULL` where that is no number.
///
/// It is found once: `OFFSET 0` keeps the expression from being put wherever its value is asked for.
pub(super) fn write(sql: &mut String, found: &str) {
    push(
        sql,
        format_args!(
            "(SELECT CASE WHEN jsonb_typeof(\"value\") = 'number' \
             THEN CASE width_bucket(\"value\"::numeric, {HALVES}) \
             WHEN 0 THEN '-Infinity' WHEN 2 THEN 0 WHEN 4 THEN 'Infinity' \
             ELSE \"value\"::double precision END END \
             FROM (SELECT {found} AS \"value\" OFFSET 0) AS \"repo_found\")"
        ),
    );
}
