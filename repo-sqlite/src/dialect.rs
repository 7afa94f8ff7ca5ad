//! How SQLite spells SQL.

pub(crate) mod guards;

use std::fmt::Write as _;

use repo_core::Kind;
use repo_core::backend::{
    Dialect, JsonType, Lateral, Named, NeededName, TextMatch, TimeUnit, quote_literal,
};
use repo_core::schema::{ColumnDef, Guards, Trigger};

/// The numbers after the highest that has so many free ones behind it: the transaction keeps others from taking
/// them. That is the last one of the tenant, unless somebody added entries at the end of all numbers.
const UNCHAINED_NUMBERS: &str = "WITH RECURSIVE numbers (number, after) AS ( \
    SELECT coalesce((SELECT \"seq\" + 1 FROM \"repo_audit\" AS entry WHERE \"tenant\" = ?1 \
    AND \"seq\" >= 4611686018427387904 AND \"seq\" <= 9223372036854775807 - ?2 \
    AND NOT EXISTS (SELECT 1 FROM \"repo_audit\" AS taken WHERE taken.\"tenant\" = ?1 \
    AND taken.\"seq\" > entry.\"seq\" AND taken.\"seq\" <= entry.\"seq\" + ?2) \
    ORDER BY \"seq\" DESC LIMIT 1), 4611686018427387904), 1 \
    UNION ALL SELECT number + 1, after + 1 FROM numbers WHERE after < ?2) \
    SELECT number FROM numbers";

/// The dialect of SQLite: `STRICT` tables, numbered placeholders, lists through `rarray`.
#[derive(Debug, Clone, Copy, Default)]
pub struct SqliteDialect;

impl Dialect for SqliteDialect {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn is_temporary_schema(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case("temp")
    }

    fn placeholder(&self, sql: &mut String, index: usize) {
        append(sql, format_args!("?{index}"));
    }

    fn column_type(&self, sql: &mut String, kind: Kind) {
        sql.push_str(match kind {
            Kind::Bool | Kind::I16 | Kind::I32 | Kind::I64 | Kind::Decimal { .. } => "INTEGER",
            Kind::F32 | Kind::F64 => "REAL",
            Kind::Bytes | Kind::Uuid => "BLOB",
            Kind::Text | Kind::Timestamp | Kind::Date | Kind::Time | Kind::Json => "TEXT",
            _ => "ANY",
        });
    }

    fn identity_type(&self, sql: &mut String) {
        sql.push_str("INTEGER PRIMARY KEY AUTOINCREMENT");
    }

    fn identity_is_primary_key(&self) -> bool {
        true
    }

    fn table_options(&self, sql: &mut String) {
        sql.push_str(" STRICT");
    }

    fn storage_check(&self, sql: &mut String, quoted: &str, column: &ColumnDef) -> bool {
        match column.kind {
            Kind::Bool => append(sql, format_args!("{quoted} IN (0, 1)")),
            Kind::I16 => {
                append(sql, format_args!("{quoted} BETWEEN {} AND {}", i16::MIN, i16::MAX))
            }
            Kind::I32 => {
                append(sql, format_args!("{quoted} BETWEEN {} AND {}", i32::MIN, i32::MAX))
            }
            // Halfway to the first number that an `f32` would round to infinity; and none that is not an `f32`.
            Kind::F32 => {
                let rounded = rounded_to_f32(quoted);
                let range = format_args!("abs({quoted}) < 3.4028235677973366e38");
                append(sql, format_args!("{range} AND {quoted} = {rounded}"));
            }
            Kind::F64 => append(sql, format_args!("abs({quoted}) < 9e999")),
            Kind::Uuid => append(sql, format_args!("length({quoted}) = 16")),
            // Of one form, or text would not order as time does, and one moment would be several texts.
            Kind::Timestamp => {
                append(sql, format_args!("{quoted} GLOB '????-??-??T??:??:??.??????+00:00'"));
            }
            Kind::Date => append(sql, format_args!("{quoted} GLOB '????-??-??'")),
            Kind::Time => append(sql, format_args!("{quoted} GLOB '??:??:??.??????'")),
            Kind::Decimal { precision, .. } => {
                let most = 10_i64.pow(u32::from(precision.min(18))) - 1;
                append(sql, format_args!("{quoted} BETWEEN -{most} AND {most}"));
            }
            Kind::Json => append(sql, format_args!("json_valid({quoted})")),
            _ => return false,
        }
        true
    }

    fn in_list(&self, sql: &mut String, quoted: &str, placeholder: usize, _: Kind) {
        // It is in every schema. Tables are in others than `temp`: one of this name does not hide it.
        append(sql, format_args!("{quoted} IN temp.rarray(?{placeholder})"));
    }

    fn sought(&self, sql: &mut String, placeholder: usize, _: Kind) -> Option<Lateral> {
        append(
            sql,
            format_args!("(SELECT value AS \"repo_key\" FROM temp.rarray(?{placeholder}))"),
        );
        sql.push_str(" AS \"repo_sought\"");
        Some(Lateral::Ids)
    }

    fn text_match(&self, sql: &mut String, quoted: &str, placeholder: usize, place: TextMatch) {
        let n = placeholder;
        match place {
            TextMatch::Contains => append(sql, format_args!("instr({quoted}, ?{n}) > 0")),
            TextMatch::ContainsIgnoreCase => {
                append(sql, format_args!("instr(lower({quoted}), ?{n}) > 0"));
            }
            TextMatch::StartsWith => {
                append(sql, format_args!("substr({quoted}, 1, length(?{n})) = ?{n}"));
            }
            TextMatch::EqualsIgnoreCase => append(sql, format_args!("lower({quoted}) = ?{n}")),
            // Of a column that is shorter than the text, `substr` has fewer characters still.
            TextMatch::EndsWith => append(
                sql,
                format_args!("substr({quoted}, length({quoted}) - length(?{n}) + 1) = ?{n}"),
            ),
        }
    }

    fn json_value(&self, sql: &mut String, quoted: &str, placeholder: usize, what: JsonType) {
        let (json, n) = (quoted, placeholder);
        let (types, value) = of_type(format!("json_extract({json}, ?{n})"), what);
        let text = format_args!("CASE WHEN json_type({json}, ?{n}) IN ({types}) THEN {value} END");
        append(sql, text);
    }

    fn json_exists(&self, sql: &mut String, quoted: &str, placeholder: usize) {
        append(sql, format_args!("json_type({quoted}, ?{placeholder}) IS NOT NULL"));
    }

    fn json_has_element(
        &self,
        sql: &mut String,
        quoted: &str,
        placeholder: usize,
        what: JsonType,
        sought: usize,
    ) {
        let n = placeholder;
        let (types, value) = of_type("\"repo_element\".\"value\"".to_owned(), what);
        // The column is named in a subquery of its own: `json_each` has columns too, and would take one that is called
        // "json" for its own. Of what is no array it has rows as well.
        let array = format!("CASE WHEN json_type({quoted}, ?{n}) = 'array' THEN {quoted} END");
        append(
            sql,
            format_args!(
                "EXISTS (SELECT 1 FROM (SELECT {array} AS \"array\") AS \"repo_found\", \
                 json_each(\"repo_found\".\"array\", ?{n}) AS \"repo_element\" \
                 WHERE \"repo_element\".\"type\" IN ({types}) AND {value} = ?{sought} LIMIT 1)"
            ),
        );
    }

    /// The least integer has no absolute value, and is what minus infinity is cast to.
    fn refuse_infinite(&self, sum: &str) -> Option<String> {
        let fails = format!("abs(CAST(-abs({sum}) AS INTEGER))");
        Some(format!("CASE WHEN abs({sum}) = 9e999 THEN {fails} ELSE 1 END"))
    }

    fn units(&self, sql: &mut String, quoted: &str, _: Kind) {
        sql.push_str(quoted);
    }

    fn time_number(&self, sql: &mut String, quoted: &str, _: Kind, unit: TimeUnit) {
        match unit {
            // Without the fraction, which SQLite would round to milliseconds.
            TimeUnit::Second => append(sql, format_args!("unixepoch(substr({quoted}, 1, 19))")),
            TimeUnit::Month => append(
                sql,
                format_args!(
                    "CAST(substr({quoted}, 1, 4) AS INTEGER) * 12 \
                     + CAST(substr({quoted}, 6, 2) AS INTEGER) - 1"
                ),
            ),
        }
    }

    fn cascade_limit(&self) -> Option<usize> {
        // `SQLITE_MAX_TRIGGER_DEPTH`, unless it is compiled in otherwise.
        Some(1_000)
    }

    fn unchained_numbers(&self) -> &'static str {
        UNCHAINED_NUMBERS
    }

    fn triggers(&self, guards: &Guards) -> Vec<Trigger> {
        guards::triggers(guards)
    }

    fn guard_of_shortened(&self) -> Option<Trigger> {
        Some(guards::of_shortened())
    }

    fn create_triggers(&self, sql: &mut String, guards: &Guards) {
        guards::create(sql, guards);
    }

    /// Indexes have their names from one set, triggers from another, each of all tables. The key of a table is made
    /// without a name.
    fn names_elsewhere(&self, needed: &[NeededName]) -> Option<String> {
        let mut values = String::new();
        for NeededName { name, of, table, .. } in needed {
            let kind = match of {
                Named::Index => "index",
                Named::Trigger => "trigger",
                _ => continue,
            };
            values.push_str(if values.is_empty() { "(" } else { ", (" });
            quote_literal(&mut values, name);
            values.push_str(", ");
            quote_literal(&mut values, table.name);
            append(&mut values, format_args!(", '{kind}')"));
        }
        let has = "s.type = column3 AND s.name = column1 COLLATE NOCASE AND s.tbl_name <> column2 COLLATE NOCASE";
        (!values.is_empty()).then(|| {
            format!("SELECT column1, column2, s.tbl_name FROM (VALUES {values}) JOIN sqlite_schema s ON {has}")
        })
    }

    fn lock_rows(&self, _: &mut String) {
        // A writing transaction holds the whole database from its start.
    }

    fn keep_rows(&self, _: &mut String) {}
}

/// The types of a document that are compared as `what`, and its value for that.
fn of_type(value: String, what: JsonType) -> (&'static str, String) {
    match what {
        JsonType::Text => ("'text'", value),
        JsonType::Integer => ("'integer', 'real'", value),
        JsonType::Float => ("'integer', 'real'", format!("CAST({value} AS REAL)")),
        JsonType::Bool => ("'true', 'false'", value),
        _ => ("'null'", "1".to_owned()),
    }
}

/// A column, rounded to an `f32`. Its product with 2^29 + 1, less what that is above the column, has the first 24
/// bits. Numbers below any of so many bits are multiples of 2^-149: so is a sum with one that ends in this bit.
fn rounded_to_f32(quoted: &str) -> String {
    let many = format!("{quoted} * 536870913.0");
    format!(
        "CASE WHEN abs({quoted}) < 1.2e-38 THEN ({quoted} + 9.4e-30) - 9.4e-30 \
         ELSE {many} - ({many} - {quoted}) END"
    )
}

fn append(sql: &mut String, text: std::fmt::Arguments<'_>) {
    sql.write_fmt(text).expect("a `String` takes any text");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> rusqlite::Connection {
        rusqlite::Connection::open_in_memory().expect("memory")
    }

    fn matches(column: Option<&str>, place: TextMatch, text: &str) -> Option<bool> {
        let mut sql = String::from("SELECT ");
        SqliteDialect.text_match(&mut sql, "column1", 2, place);
        sql.push_str(" FROM (VALUES (?1))");
        connection().query_row(&sql, (column, text), |row| row.get(0)).expect("one row")
    }

    #[test]
    fn text_is_found_where_it_is_asked_for() {
        use TextMatch::{Contains, ContainsIgnoreCase, EndsWith, StartsWith};
        for (column, place, text, expected) in [
            ("naïve café", Contains, "ve c", true),
            ("naïve café", Contains, "VE C", false),
            ("naïve café", Contains, "%", false),
            ("Naïve CAFÉ", ContainsIgnoreCase, "ve cafÉ", true),
            ("Naïve CAFÉ", ContainsIgnoreCase, "ve café", false),
            ("über", StartsWith, "üb", true),
            ("über", StartsWith, "ub", false),
            ("über", StartsWith, "überall", false),
            ("café", EndsWith, "fé", true),
            ("café", EndsWith, "café", true),
            ("fé", EndsWith, "café", false),
            ("fé", EndsWith, "xfé", false),
            ("", EndsWith, "x", false),
        ] {
            assert_eq!(
                matches(Some(column), place, text),
                Some(expected),
                "{column} {place:?} {text}"
            );
        }
        for place in [Contains, ContainsIgnoreCase, StartsWith, EndsWith] {
            assert_eq!(matches(Some("any"), place, ""), Some(true), "{place:?}");
            assert_eq!(matches(Some(""), place, ""), Some(true), "{place:?}");
            assert_eq!(matches(None, place, "x"), None, "{place:?}");
        }
    }

    #[test]
    fn a_check_refuses_what_the_type_alone_would_take() {
        for (kind, good, bad) in [
            (Kind::Bool, "1", "2"),
            (Kind::I16, "-32768", "32768"),
            (Kind::I32, "2147483647", "-2147483649"),
            (Kind::F32, "3.4028234663852886e38", "3.5e38"),
            (Kind::F32, "0.10000000149011612", "0.1"),
            (Kind::F32, "-0.5", "0.1 * 3"),
            (Kind::F32, "2", "16777217"),
            (Kind::F64, "1.7976931348623157e308", "9e999"),
            (Kind::Uuid, "zeroblob(16)", "zeroblob(15)"),
            (Kind::Timestamp, "'2026-01-31T23:59:59.000001+00:00'", "'2026-01-31 23:59:59'"),
            (Kind::Timestamp, "'2026-01-31T23:59:59.000000+00:00'", "'2026-01-31T23:59:59Z'"),
            (Kind::Timestamp, "'0001-01-01T00:00:00.000000+00:00'", "'2026-01-31T23:59:59+00:00'"),
            (
                Kind::Timestamp,
                "'9999-12-31T23:59:59.999999+00:00'",
                "'2026-01-31T23:59:59.123456789+00:00'",
            ),
            (Kind::Date, "'2026-01-31'", "'31.01.2026'"),
            (Kind::Time, "'23:59:59.000001'", "'9:59'"),
            (Kind::Time, "'00:00:00.000000'", "'23:59:59'"),
            (Kind::Time, "'23:59:59.999999'", "'23:59:59.123456789'"),
            (
                Kind::Decimal { precision: 18, scale: 2 },
                "-999999999999999999",
                "1000000000000000000",
            ),
            (Kind::Json, "'{\"a\": 1}'", "'{a'"),
        ] {
            let column = ColumnDef {
                name: "c",
                kind,
                nullable: true,
                variants: &[],
                max_length: None,
                fixed: false,
                sensitive: false,
                formerly: &[],
                added_with: None,
                default: None,
            };
            let mut sql = String::from("CREATE TABLE t (c ");
            SqliteDialect.column_type(&mut sql, kind);
            sql.push_str(" CHECK (");
            assert!(SqliteDialect.storage_check(&mut sql, "\"c\"", &column));
            sql.push_str("))");
            SqliteDialect.table_options(&mut sql);
            let connection = connection();
            connection.execute_batch(&sql).expect(&sql);
            let insert =
                |value| connection.execute_batch(&format!("INSERT INTO t VALUES ({value})"));
            insert(good).expect(good);
            insert("NULL").expect("NULL passes every check");
            insert(bad).expect_err(bad);
        }
    }

    #[test]
    fn the_numbers_of_a_single_float_are_those_that_the_check_takes() {
        let connection = connection();
        let sql = format!("SELECT column1 = {} FROM (VALUES (?1))", rounded_to_f32("column1"));
        let mut check = connection.prepare(&sql).expect(&sql);
        let mut is_single =
            |number: f64| check.query_row([number], |row| row.get::<_, bool>(0)).expect("one row");
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let mut asked = 0;
        while asked < 100_000 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            // Every second one with the exponent of a number that has fewer bits than others.
            let bits = (random >> 32) as u32;
            let single = f32::from_bits(if random & 1 == 0 { bits } else { bits & 0x81ff_ffff });
            if !single.is_finite() {
                continue;
            }
            asked += 1;
            let number = f64::from(single);
            assert!(is_single(number), "{single:e}");
            let beside = f64::from_bits(number.to_bits() ^ (1 << (random % 29)));
            assert_eq!(is_single(beside), f64::from(beside as f32) == beside, "{beside:e}");
        }
        for single in [0.0, f32::MAX, f32::MIN, f32::MIN_POSITIVE, f32::from_bits(1), f32::EPSILON]
        {
            assert!(is_single(single.into()), "{single:e}");
            assert!(is_single((-single).into()), "{single:e}");
        }
        for number in [0.1, 1e-300, -1e-46, 1.2e-38, 1.1e-38, 16_777_217.0, 1.0 + f64::EPSILON] {
            assert!(!is_single(number), "{number:e}");
        }
    }
}
