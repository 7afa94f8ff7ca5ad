//! Filters as data: what is written is read as the same filter, and what comes from outside is not trusted.

use chrono::{NaiveDate, NaiveTime};
use repo_core::{Filter, TrustedFilter, schema};
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

use crate::entities::*;
use crate::fixture::{ACME, Fixture, acme, moment};

type Samples = OptionalRepository<repo_core::NoTenant>;

/// A value of every type, at its limits.
fn everything() -> NewOptional {
    NewOptional {
        flag: Some(true),
        small: Some(i16::MIN),
        medium: Some(i32::MAX),
        large: Some((1 << 53) + 1),
        single: Some(0.1),
        double: Some(-5e-324),
        text: Some("a \"quoted\" 🦀\u{feff}\n\u{1}".to_owned()),
        bytes: Some(vec![0, 0xff]),
        uuid: Some(Uuid::from_u128(7)),
        moment: Some(moment("2026-01-31T23:59:59.123456Z")),
        date: NaiveDate::from_ymd_opt(9999, 12, 31),
        time: NaiveTime::from_hms_micro_opt(23, 59, 59, 1),
        fraction: Some(Decimal::new(123_456_789_012_345_678, 18)),
        whole: Some(Decimal::new(-999_999_999_999_999_999, 0)),
        json: Some(
            json!({ "a \"b\"": [{ "": 1.0 }], "l": ["x", 2, 2.5, true], "n": 7, "t": true, "z": null }),
        ),
        status: Some(Status::Done),
        instant: Some(Instant(moment("0001-01-01T00:00:00.000001Z"))),
        ..nothing("everything")
    }
}

/// One of each kind of condition on each type, with the data that it is.
#[rustfmt::skip]
fn conditions(row: &Optional) -> Vec<(Filter<Optional>, serde_json::Value)> {
    let place = || Optional::JSON.path(["a \"b\""]).element(0).member("");
    vec![
        (Filter::always(), json!(true)),
        (Filter::never(), json!(false)),
        (Optional::FLAG.eq(true), json!({ "column": "flag", "eq": true })),
        (Optional::SMALL.ne(1), json!({ "column": "small", "ne": 1 })),
        (Optional::MEDIUM.lt(i32::MAX), json!({ "column": "medium", "lt": i32::MAX })),
        (Optional::LARGE.le((1 << 53) + 1), json!({ "column": "large", "le": 9_007_199_254_740_993_i64 })),
        (Optional::SINGLE.gt(0.1), json!({ "column": "single", "gt": 0.1 })),
        (Optional::DOUBLE.ge(-5e-324), json!({ "column": "double", "ge": -5e-324 })),
        (Optional::TEXT.eq(row.text.clone().unwrap()), json!({ "column": "text", "eq": row.text })),
        (Optional::BYTES.eq(vec![0, 0xff]), json!({ "column": "bytes", "eq": "00ff" })),
        (Optional::UUID.eq(Uuid::from_u128(7)), json!({ "column": "uuid", "eq": "00000000-0000-0000-0000-000000000007" })),
        (Optional::MOMENT.eq(row.moment.unwrap()), json!({ "column": "moment", "eq": "2026-01-31T23:59:59.123456+00:00" })),
        (Optional::INSTANT.eq(row.instant.unwrap()), json!({ "column": "instant", "eq": "0001-01-01T00:00:00.000001+00:00" })),
        (Optional::DATE.eq(row.date.unwrap()), json!({ "column": "date", "eq": "9999-12-31" })),
        (Optional::TIME.eq(row.time.unwrap()), json!({ "column": "time", "eq": "23:59:59.000001" })),
        (Optional::FRACTION.eq(row.fraction.unwrap()), json!({ "column": "fraction", "eq": "0.123456789012345678" })),
        (Optional::WHOLE.eq(row.whole.unwrap()), json!({ "column": "whole", "eq": "-999999999999999999" })),
        (Optional::STATUS.eq(Status::Done), json!({ "column": "status", "eq": "done & gone's" })),
        (Optional::LARGE.between(-1, i64::MAX), json!({ "column": "large", "between": [-1, i64::MAX] })),
        (Optional::SMALL.in_list([1, i16::MIN]), json!({ "column": "small", "in_list": [1, i16::MIN] })),
        (Optional::STATUS.not_in([Status::New]), json!({ "column": "status", "not_in": ["new"] })),
        (Optional::PAYLOAD.is_null(), json!({ "column": "payload", "is_null": true })),
        (Optional::FLAG.is_not_null(), json!({ "column": "flag", "is_null": false })),
        (Optional::TEXT.contains("🦀"), json!({ "column": "text", "contains": "🦀" })),
        (Optional::TEXT.icontains("QUOT"), json!({ "column": "text", "icontains": "quot" })),
        (Optional::TEXT.starts_with("a \""), json!({ "column": "text", "starts_with": "a \"" })),
        (Optional::TEXT.ends_with("\u{1}"), json!({ "column": "text", "ends_with": "\u{1}" })),
        (Optional::LABEL.ieq("EVERYTHING"), json!({ "column": "label", "ieq": "everything" })),
        (Optional::LABEL.ne_column(Optional::TEXT), json!({ "column": "label", "ne_column": "text" })),
        (Optional::SMALL.le_column(Optional::SMALL), json!({ "column": "small", "le_column": "small" })),
        (Optional::TEXT.gt_column(Optional::LABEL), json!({ "column": "text", "gt_column": "label" })),
        (Optional::SMALL.ge_column(Optional::SMALL), json!({ "column": "small", "ge_column": "small" })),
        (place().eq(1.0), json!({ "column": "json", "path": ["a \"b\"", 0, ""], "eq": 1.0 })),
        (place().exists(), json!({ "column": "json", "path": ["a \"b\"", 0, ""], "exists": true })),
        (Optional::JSON.path(["n"]).lt(8), json!({ "column": "json", "path": ["n"], "lt": 8 })),
        (Optional::JSON.path(["t"]).ne(false), json!({ "column": "json", "path": ["t"], "ne": false })),
        (Optional::JSON.path(["z"]).is_null(), json!({ "column": "json", "path": ["z"], "is_null": true })),
        (place().has_element("7"), json!({ "column": "json", "path": ["a \"b\"", 0, ""], "has_element": "7" })),
        (Optional::JSON.path(["l"]).has_element("x"), json!({ "column": "json", "path": ["l"], "has_element": "x" })),
        (Optional::JSON.path(["l"]).has_element(2), json!({ "column": "json", "path": ["l"], "has_element": 2 })),
        (Optional::JSON.path(["l"]).has_element(2.5), json!({ "column": "json", "path": ["l"], "has_element": 2.5 })),
        (Optional::JSON.path(["l"]).has_element(true), json!({ "column": "json", "path": ["l"], "has_element": true })),
        (!Optional::JSON.has_element(7), json!({ "not": { "column": "json", "path": [], "has_element": 7 } })),
        (!Optional::JSON.path(["n"]).eq("7"), json!({ "not": { "column": "json", "path": ["n"], "eq": "7" } })),
        (Optional::SMALL.eq(1) | Optional::SMALL.lt(0), json!({ "any": [{ "column": "small", "eq": 1 }, { "column": "small", "lt": 0 }] })),
        (Filter::all([Filter::any([Filter::never()]), Filter::always()]), json!({ "all": [{ "any": [false] }, true] })),
    ]
}

async fn labels(samples: &Samples, filter: Filter<Optional>) -> Vec<String> {
    let rows = samples.filter(filter).order_by(Optional::LABEL.asc()).all().await.unwrap();
    rows.into_iter().map(|row| row.label).collect()
}

pub(crate) async fn a_filter_that_was_data_answers_the_same(fixture: Fixture) {
    let samples = fixture.with(&schema![Optional]).await.session().repo::<Optional>();
    let row = samples.create(everything()).await.unwrap();
    samples.create(NewOptional { small: Some(1), ..nothing("little") }).await.unwrap();
    for (filter, data) in conditions(&row) {
        let written = serde_json::to_string(&filter).unwrap();
        let as_value: serde_json::Value = serde_json::from_str(&written).unwrap();
        assert_eq!(as_value.to_string(), data.to_string());
        let read: Filter<Optional> = serde_json::from_str(&written).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), written, "it is written alike again");
        let from_value: Filter<Optional> = serde_json::from_value(data).unwrap();
        let expected = labels(&samples, filter).await;
        let is_about_it = expected.is_empty() || expected.contains(&"everything".to_owned());
        assert!(is_about_it || expected == ["little"], "{written}: {expected:?}");
        assert_eq!(labels(&samples, read).await, expected, "{written}");
        assert_eq!(labels(&samples, from_value).await, expected, "{written}");
    }
}

/// The error of reading data as a filter of `Optional`.
fn refused(data: &str) -> String {
    match serde_json::from_str::<Filter<Optional>>(data) {
        Ok(filter) => panic!("{data} is {filter:?}"),
        Err(error) => error.to_string().split(" at line").next().unwrap().to_owned(),
    }
}

#[test]
fn numbers_may_be_texts_and_times_of_any_offset() {
    for (given, stored) in [
        (
            r#"{"eq":"9007199254740993","column":"large"}"#,
            r#"{"column":"large","eq":9007199254740993}"#,
        ),
        (r#"{"column":"double","eq":1}"#, r#"{"column":"double","eq":1.0}"#),
        (r#"{"column":"whole","eq":5}"#, r#"{"column":"whole","eq":"5"}"#),
        (
            r#"{"column":"fraction","eq":"0.5"}"#,
            r#"{"column":"fraction","eq":"0.500000000000000000"}"#,
        ),
        (r#"{"column":"text","icontains":"ÄA"}"#, r#"{"column":"text","icontains":"Äa"}"#),
        (r#"{"column":"text","contains":""}"#, r#"{"column":"text","is_null":false}"#),
        (
            r#"{"column":"moment","ge":"2026-02-01T01:00:00.1234569+02:00"}"#,
            r#"{"column":"moment","ge":"2026-01-31T23:00:00.123456+00:00"}"#,
        ),
    ] {
        let filter: Filter<Optional> = serde_json::from_str(given).unwrap();
        assert_eq!(serde_json::to_string(&filter).unwrap(), stored);
    }
}

/// In a program of which any part turns on `serde_json/arbitrary_precision`, numbers are read as such objects.
#[test]
fn numbers_of_which_all_digits_are_kept_are_numbers() {
    let read = |digits: &str, number: &str| {
        let column = if digits.contains(['.', 'e']) { "double" } else { "large" };
        let data = format!(r#"{{"column":"{column}","eq":{number}}}"#);
        serde_json::from_str::<Filter<Optional>>(&data)
    };
    let kept =
        |digits: &str| read(digits, &format!(r#"{{"$serde_json::private::Number":"{digits}"}}"#));
    let written = |filter| serde_json::to_string(&filter).unwrap();
    for digits in ["7", "-9223372036854775808", "0.1", "1e300", "-0.0"] {
        let (kept, plain) = (kept(digits).unwrap(), read(digits, digits).unwrap());
        assert_eq!(written(kept), written(plain), "{digits}");
    }
    assert!(kept("1e999").is_err() && kept("9223372036854775808").is_err());
}

#[test]
#[rustfmt::skip]
fn what_is_wrong_with_data_is_named() {
    for (data, expected) in [
        (r#"{"column":"lable","eq":"a"}"#, "`Optional` has no column `lable`: did you mean `label`?"),
        (r#"{"column":7,"eq":"a"}"#, "`column` is the name of a column"),
        (r#"{"eq":"a"}"#, "a condition names its `column`"),
        (r#"{"column":"label","equals":"a"}"#, "there is no operator `equals`: there are `eq`, `ne`"),
        (r#"{"column":"label","contain":"a"}"#, "there is no operator `contain`: did you mean `contains`?"),
        (r#"{"column":"label"}"#, "the condition on `label` has no operator, such as `eq`"),
        (r#"{"column":"small","ge":1,"lt":2}"#, "the condition on `small` has `ge` and `lt`: join two conditions by `all`"),
        (r#"{"column":"small","eq":1,"eq":2}"#, "`eq` is given twice"),
        (r#"{"all":[],"column":"small"}"#, "an object with one of `all`, `any`, `not` has nothing beside it"),
        (r#"{"all":{}}"#, "`all` has a list of filters"),
        (r#"[]"#, "a filter is an object, `true` or `false`"),
        (r#"null"#, "a filter is an object, `true` or `false`"),
        (r#"{"column":"small","eq":null}"#, "nothing is compared with null: ask whether `small` `is_null`"),
        (r#"{"column":"small","eq":40000}"#, "`small` is not a 16-bit integer"),
        (r#"{"column":"large","eq":9223372036854775808}"#, "`large` is not a 64-bit integer"),
        (r#"{"column":"large","eq":1.0}"#, "`large` is not a 64-bit integer"),
        (r#"{"column":"single","eq":1e300}"#, "`single` is not a finite number"),
        (r#"{"column":"double","eq":"NaN"}"#, "`double` is not a finite number"),
        (r#"{"column":"flag","eq":"true"}"#, "`flag` is not `true` or `false`"),
        (r#"{"column":"text","eq":7}"#, "`text` is not a text"),
        (r#"{"column":"text","eq":"a\u0000"}"#, "`text` holds a NUL character"),
        (r#"{"column":"bytes","eq":"0g"}"#, "`bytes` is not bytes in hexadecimal digits"),
        (r#"{"column":"uuid","eq":"7"}"#, "`uuid` is not a UUID"),
        (r#"{"column":"moment","eq":"yesterday"}"#, "`moment` is not a moment like `2026-01-31T23:59:59.000001+00:00`"),
        (r#"{"column":"date","eq":"2026-02-30"}"#, "`date` is not a day like `2026-01-31`"),
        (r#"{"column":"date","eq":"+12026-01-01"}"#, "`date` is not in the years 1 to 9999"),
        (r#"{"column":"fraction","eq":0.5}"#, "`fraction` is not a decimal number"),
        (r#"{"column":"fraction","eq":"-."}"#, "`fraction` is not a decimal number"),
        (r#"{"column":"fraction","eq":"0.1234567890123456789"}"#, "`fraction` has more than 18 digits after the point"),
        (r#"{"column":"whole","eq":"1234567890123456789"}"#, "`whole` has more than 18 digits before the point"),
        (r#"{"column":"whole","eq":"1e3"}"#, "`whole` is not a decimal number"),
        (r#"{"column":"status","eq":"old"}"#, "`status` is none of `new`, `in_progress`, `done & gone's`"),
        (r#"{"column":"status","contains":"new"}"#, "`status` is no text, and only text is searched"),
        (r#"{"column":"small","between":[1]}"#, "`between` has a list of the lowest and the highest value"),
        (r#"{"column":"small","in_list":1}"#, "`in_list` has a list of values"),
        (r#"{"column":"small","is_null":1}"#, "`is_null` is `true` or `false`"),
        (r#"{"column":"json","eq":"a"}"#, "`json` is JSON, which is not compared as a whole: give a `path`, or ask whether it `is_null`"),
        (r#"{"column":"text","path":["a"],"eq":"a"}"#, "`text` is no JSON, and only JSON has paths"),
        (r#"{"column":"json","path":"a","eq":"a"}"#, "`path` is a list of names and numbers"),
        (r#"{"column":"json","path":["a"],"contains":"a"}"#, "there is no operator `contains`: there are"),
        (r#"{"column":"json","path":["a"],"eq":[1]}"#, "a place in `json` is compared with a text, a number or a bool"),
        (r#"{"column":"json","path":["a"],"has_element":[1]}"#, "a place in `json` is compared with a text, a number or a bool"),
        (r#"{"column":"json","path":["a"],"has_element":null}"#, "a place in `json` is compared with a text, a number or a bool"),
        (r#"{"column":"json","path":["a"],"has_elements":1}"#, "there is no operator `has_elements`: did you mean `has_element`?"),
        (r#"{"column":"json","path":["a"],"exists":false}"#, "`exists` of a path is `true`: put `not` around it for the opposite"),
        (r#"{"column":"label","eq_column":"small"}"#, "`label` and `small` are of different types"),
        (r#"{"column":"fraction","eq_column":"whole"}"#, "`fraction` and `whole` are of different types"),
        (r#"{"column":"label","eq_column":"lable"}"#, "`Optional` has no column `lable`: did you mean `label`?"),
    ] {
        let found = refused(data);
        assert!(found.starts_with(expected), "{data}\n{found}\n{expected}");
    }
}

#[test]
fn a_filter_from_outside_is_about_no_secret_and_no_tenant() {
    let read = |data: &str| serde_json::from_str::<Filter<Ticket>>(data);
    for data in [
        r#"{"column":"reporter","starts_with":"a"}"#,
        r#"{"not":{"all":[{"column":"reporter","is_null":true}]}}"#,
        r#"{"column":"title","eq_column":"reporter"}"#,
    ] {
        let error = read(data).unwrap_err().to_string();
        assert!(error.starts_with("`reporter` is sensitive: only a `TrustedFilter`"), "{error}");
        let TrustedFilter(filter) = serde_json::from_str::<TrustedFilter<Ticket>>(data).unwrap();
        assert!(serde_json::to_string(&filter).is_err(), "nor is it written for anybody");
        assert_eq!(serde_json::to_string(&TrustedFilter(filter)).unwrap(), data);
    }
    let data = format!(r#"{{"column":"tenant_id","eq":"{ACME}"}}"#);
    let error = read(&data).unwrap_err().to_string();
    assert!(error.starts_with("`tenant_id` is the tenant: only a `TrustedFilter`"), "{error}");
    let error = read(r#"{"column":"reporte","eq":"a"}"#).unwrap_err().to_string();
    assert!(!error.contains("reporter"), "{error}");
}

pub(crate) async fn a_filter_from_outside_stays_within_the_tenant(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    acme(&db).repo::<Ticket>().create(ticket("ours")).await.unwrap();
    crate::fixture::bolt(&db).repo::<Ticket>().create(ticket("theirs")).await.unwrap();
    let theirs = crate::fixture::BOLT;
    for data in ["true".to_owned(), format!(r#"{{"column":"tenant_id","eq":"{theirs}"}}"#)] {
        let filter: TrustedFilter<Ticket> = serde_json::from_str(&data).unwrap();
        let found = acme(&db).repo::<Ticket>().filter(filter).all().await.unwrap();
        assert!(found.iter().all(|row| row.code == "ours"), "{found:?}");
    }
}

#[test]
fn a_filter_from_outside_is_bounded() {
    let nested =
        |levels: usize| format!("{}true{}", r#"{"not":"#.repeat(levels), "}".repeat(levels));
    let read = |data: &str| serde_json::from_str::<Filter<Optional>>(data).map(|_| ());
    read(&nested(32)).unwrap();
    let levels = "a filter has at most 32 levels of `all`, `any` and `not`";
    assert_eq!(refused(&nested(33)), levels);
    let empty = |levels: usize| format!("{}{}", r#"{"all":["#.repeat(levels), "]}".repeat(levels));
    read(&empty(32)).unwrap();
    assert_eq!(refused(&empty(33)), levels);
    assert_eq!(refused(&nested(100_000)), "the filter is nested too deeply");
    assert_eq!(refused(&"[".repeat(100_000)), "the filter is nested too deeply");
    let list = |of: &str, count: usize| vec![of; count].join(",");
    let condition = r#"{"column":"label","path":["a"],"eq":"a"}"#;
    let any = |count| {
        format!(r#"{{"any":[{}]}}"#, list(&condition.replace(r#""path":["a"],"#, ""), count))
    };
    read(&any(1_000)).unwrap();
    assert_eq!(refused(&any(1_001)), "a filter has at most 1000 conditions");
    let of = |count| format!(r#"{{"column":"small","in_list":[{}]}}"#, list("1", count));
    read(&of(10_000)).unwrap();
    assert_eq!(refused(&of(10_001)), "the lists of a filter have at most 10000 values");
    assert_eq!(refused(&of(100_000)), "the filter is too long");
    let path = |steps| format!(r#"{{"column":"json","path":[{}],"eq":1}}"#, list("7", steps));
    read(&path(127)).unwrap();
    for steps in [128, 9_000, 19_000] {
        assert_eq!(refused(&path(steps)), "`path` has at most 127 steps");
    }
    let deep = (0..17).fold(Filter::<Optional>::always(), |filter, _| !(filter & Filter::always()));
    assert_eq!(serde_json::to_string(&deep).unwrap_err().to_string(), levels);
    let many = Filter::all((0..1_001).map(|n| Optional::LARGE.eq(n)));
    assert!(serde_json::to_string(&many).is_err());
}

#[test]
fn a_filter_that_its_query_refuses_is_not_written() {
    let filter = Optional::TEXT.eq("a\0") & Optional::LARGE.eq(1);
    let error = serde_json::to_string(&filter).unwrap_err();
    assert_eq!(error.to_string(), "`text` holds a NUL character");
}

#[test]
fn a_filter_that_is_too_long_to_be_read_is_not_written() {
    let places = |count: usize| {
        let place = || Optional::JSON.path(["a"; 30]).exists();
        serde_json::to_string(&Filter::any((0..count).map(|_| place())))
    };
    serde_json::from_str::<Filter<Optional>>(&places(588).unwrap()).unwrap();
    assert_eq!(places(589).unwrap_err().to_string(), "the filter is too long");
}

#[test]
fn a_condition_on_a_relation_is_no_data() {
    let filter = Filter::any([Book::TITLE.eq("Notes"), Book::author().has(Author::NAME.eq("Ada"))]);
    let error = serde_json::to_string(&filter).unwrap_err();
    assert_eq!(error.to_string(), "a condition on a relation cannot be data");
}

pub(crate) async fn the_largest_filter_from_outside_is_answered(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let samples = db.session().repo::<Optional>();
    samples.create(everything()).await.unwrap();
    let many = |part: &str, count: usize| vec![part; count].join(",");
    let leaf = r#"{"column":"label","ne":"-"}"#;
    let mut deep = format!(r#"{{"any":[{}]}}"#, many(leaf, 900));
    for _ in 0..15 {
        deep = format!(r#"{{"not":{{"all":[{deep},{leaf}]}}}}"#);
    }
    let mut wide = leaf.to_owned();
    for level in 0..32 {
        let word = ["all", "any"][level % 2];
        wide = format!(r#"{{"{word}":[{wide},{}]}}"#, many("true", 300));
    }
    let path =
        |steps| format!(r#"{{"column":"json","path":[{}],"exists":true}}"#, many("\"a\"", steps));
    let element = r#"{"column":"json","path":["l"],"has_element":"-"}"#;
    for (data, expected) in [
        (format!(r#"{{"all":[{}]}}"#, many("true", 15_000)), 1),
        (format!(r#"{{"any":[{}]}}"#, many("false", 15_000)), 0),
        (format!(r#"{{"any":[{}]}}"#, many(r#"{"all":[]}"#, 7_000)), 1),
        (format!(r#"{{"all":[{}]}}"#, many(leaf, 1_000)), 1),
        (deep, 0),
        (wide, 1),
        (path(100), 0),
        (path(127), 0),
        (format!(r#"{{"any":[{}]}}"#, many(element, 1_000)), 0),
        (format!(r#"{{"any":[{}]}}"#, many(&element.replace(r#""-""#, "0.5"), 1_000)), 0),
    ] {
        let filter: Filter<Optional> = serde_json::from_str(&data).unwrap();
        let count = samples.filter(filter).count().await;
        assert_eq!(count.unwrap(), expected, "{}", &data[..60]);
    }
}
