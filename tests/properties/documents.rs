//! Random JSON documents: the text that is stored is the text that `jsonb` prints, and what `jsonb`
//! refuses is refused.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use repo_core::{ColumnType, Json, Kind, Value};
use serde_json::value::RawValue;
use sqlx::{Connection as _, PgConnection};

use crate::world::server;
use crate::{number, random, rng};

const CASES: u32 = 3_000;

#[test]
fn a_document_is_stored_in_the_text_of_jsonb() {
    let seed = number("REPO_PROPERTIES_SEED").unwrap_or_else(random);
    println!("REPO_PROPERTIES_SEED={seed}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let connection = runtime.block_on(PgConnection::connect(&server()));
    let connection = std::cell::RefCell::new(connection.expect("the server takes connections"));
    let cases = number("REPO_PROPERTIES_CASES").map_or(CASES, |cases| cases as u32);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng(seed));
    let result = runner.run(&document(), |text| {
        let printed = runtime.block_on(printed_by_jsonb(&mut connection.borrow_mut(), &text));
        prop_assert_eq!(stored(text), printed);
        Ok(())
    });
    if let Err(TestError::Fail(reason, text)) = result {
        panic!("REPO_PROPERTIES_SEED={seed}\n{text}\n{reason}");
    }
}

/// What a column is given; nothing if it refuses the document.
fn stored(text: String) -> Option<String> {
    let document = Json(RawValue::from_string(text).expect("the test writes JSON"));
    match document.encode(Kind::Json) {
        Ok(Value::Json(text)) => Some(text.into_owned()),
        Ok(other) => panic!("{other:?} is no JSON"),
        Err(_) => None,
    }
}

async fn printed_by_jsonb(connection: &mut PgConnection, text: &str) -> Option<String> {
    sqlx::query_scalar("SELECT $1::text::jsonb::text").bind(text).fetch_one(connection).await.ok()
}

fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        numeral(),
        string(),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let member = (string(), space(), inner.clone());
        let member = member.prop_map(|(name, space, value)| format!("{name}{space}:{value}"));
        prop_oneof![
            (vec(inner, 0..5), space()).prop_map(|(items, space)| list("[", &items, &space, "]")),
            (vec(member, 0..6), space()).prop_map(|(items, space)| list("{", &items, &space, "}")),
        ]
    })
}

fn list(open: &str, items: &[String], space: &str, close: &str) -> String {
    format!("{open}{space}{}{space}{close}", items.join(&format!("{space},")))
}

fn space() -> impl Strategy<Value = String> {
    prop_oneof![Just(""), Just(" "), Just("\n\t \r")].prop_map(str::to_owned)
}

fn numeral() -> impl Strategy<Value = String> {
    let whole = prop_oneof![Just("0".to_owned()), "[1-9][0-9]{0,25}"];
    let fraction = prop_oneof![Just(String::new()), "\\.0{0,3}[0-9]{1,20}", "\\.0{1,4}"];
    let exponent = prop_oneof![6 => Just(String::new()), 5 => "[eE][+-]?[0-9]{1,2}", 1 => edge()];
    let sign = prop_oneof![Just(""), Just("-")];
    (sign, whole, fraction, exponent)
        .prop_map(|(sign, whole, fraction, exponent)| format!("{sign}{whole}{fraction}{exponent}"))
}

/// Exponents at which `numeric` ends.
fn edge() -> impl Strategy<Value = String> {
    let near = |middle: i64| (middle - 30)..(middle + 5);
    prop_oneof![near(131_072), near(-16_360), near(1_073_741_823), near(-1_073_741_823)]
        .prop_map(|exponent| format!("e{exponent}"))
}

fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        12 => "[a-cA-C]{0,3}",
        2 => "[é€\u{7f}\u{1F980}]",
        2 => prop::sample::select(vec![r"\n", r"\t", r"\b", r"\f", r"\r", r#"\""#, r"\\", r"\/"])
            .prop_map(str::to_owned),
        2 => (1..0xd800_u32).prop_map(|unit| format!("\\u{unit:04x}")),
        1 => (0..0x20_u32).prop_map(|unit| format!("\\u{unit:04X}")),
        1 => (0xd800..0xdc00_u32, 0xdc00..0xe000_u32)
            .prop_map(|(high, low)| format!("\\u{high:04x}\\u{low:04X}")),
    ];
    vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}
