//! Names and literals in SQL: quoted, and short enough.

use std::fmt::Write as _;

/// Appends `name` as a quoted identifier: nothing in it can end the quotes.
pub fn quote(sql: &mut String, name: &str) {
    sql.push('"');
    // Names have no quotes, all but always: nothing is looked at twice.
    if name.as_bytes().contains(&b'"') {
        sql.push_str(&name.replace('"', "\"\""));
    } else {
        sql.push_str(name);
    }
    sql.push('"');
}

/// Appends `text` as a literal, for the statements of a schema, where a backslash is a character like any other: nothing
/// in it can end the quotes. On Postgres a setting gives it a meaning: [`Dialect::literal`](super::Dialect::literal).
pub fn quote_literal(sql: &mut String, text: &str) {
    sql.push('\'');
    sql.push_str(&text.replace('\'', "''"));
    sql.push('\'');
}

/// Joins `parts` with `_` into a name of at most `limit` bytes: a longer one is cut and ends in a hash
/// of the whole, the same on every machine and in every release.
pub fn generated_name(limit: usize, parts: &[&str]) -> String {
    let name = parts.join("_");
    if name.len() <= limit {
        return name;
    }
    let mut end = limit - 9;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let mut short = name[..end].to_owned();
    let _ = write!(short, "_{:08x}", fnv1a(name.as_bytes()));
    short
}

/// FNV-1a, 32 bits: stable by definition, where the hasher of the standard library promises nothing.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}
