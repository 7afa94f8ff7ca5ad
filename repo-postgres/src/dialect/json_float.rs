//! A number of a document as the nearest double.
//!
//! A document holds any `numeric`. The cast refuses those that have no double but zero or an infinity beside
//! them, so that one document would fail the statement about all: these are told apart before it.

use super::push;

/// From where on the nearest double is infinite, and up to where it is zero: halfway between the two beside it.
const HALVES: &str = "'{-1.7976931348623158079372897140530e308,-2.4703282292062327208828439643412e-324,\
    2.4703282292062327208828439643412e-324,1.7976931348623158079372897140530e308}'::numeric[]";

/// The ends of these without their signs, for paths, which know no arrays of numbers.
const MOST: &str = "1.7976931348623158079372897140530e308";
const LEAST: &str = "2.4703282292062327208828439643412e-324";

/// The condition that the array at the path has a number whose nearest double is the parameter `sought`.
///
/// Those beside every double are left out of what is cast; those nearest to zero are looked for by themselves.
pub(super) fn write_element(sql: &mut String, quoted: &str, placeholder: usize, sought: usize) {
    let path = |condition: &str| {
        format!("('strict ' || ${placeholder} || '[*] ? ({condition})')::jsonpath, '{{}}', true")
    };
    let cast = path(&format!("@ >= -{MOST} && @ < {MOST} && (@ < -{LEAST} || @ >= {LEAST})"));
    let zero = path(&format!("@ >= -{LEAST} && @ < {LEAST}"));
    push(
        sql,
        format_args!(
            "(${sought} = ANY(translate(jsonb_path_query_array({quoted}, {cast})::text, '[]', '{{}}')\
             ::double precision[]) OR ${sought} = 0 AND jsonb_path_exists({quoted}, {zero}))"
        ),
    );
}

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
