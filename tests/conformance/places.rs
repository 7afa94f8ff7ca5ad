//! Filters over more than a value and a column: places in documents, two columns, days, any case.

use chrono::{NaiveDate, TimeDelta};
use repo_core::{Error, Filter, schema};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, moment, of_another_program};

type Samples = OptionalRepository<repo_core::NoTenant>;

async fn samples(fixture: &Fixture) -> Samples {
    fixture.with(&schema![Optional]).await.session().repo::<Optional>()
}

/// Checks the labels of the rows that meet each filter, and that the others meet its complement.
async fn check(samples: &Samples, cases: Vec<(Filter<Optional>, &[&str])>) {
    let labels = async |filter: Filter<Optional>| -> Vec<String> {
        let found = samples.filter(filter).order_by(Optional::LABEL.asc()).all().await.unwrap();
        found.into_iter().map(|row| row.label).collect()
    };
    let all = labels(Filter::always()).await;
    for (filter, expected) in cases {
        assert_eq!(labels(filter.clone()).await, expected, "{filter:?}");
        let others: Vec<_> = all.iter().filter(|it| !expected.contains(&it.as_str())).collect();
        assert_eq!(labels(!filter.clone()).await.iter().collect::<Vec<_>>(), others, "!{filter:?}");
    }
}

async fn documents(samples: &Samples, documents: &[(&str, Value)]) {
    for (label, document) in documents {
        let new = NewOptional { json: Some(document.clone()), ..nothing(label) };
        samples.create(new).await.unwrap();
    }
    samples.create(nothing("nothing")).await.unwrap();
}

pub(crate) async fn a_document_is_asked_at_a_place(fixture: Fixture) {
    let samples = samples(&fixture).await;
    documents(
        &samples,
        &[
            ("array", json!({ "error": [{ "code": "timeout" }, 7] })),
            ("bool", json!({ "error": { "code": true } })),
            ("null", json!({ "error": { "code": null } })),
            ("number", json!({ "error": { "code": 7 } })),
            ("root", json!("timeout")),
            ("text", json!({ "error": { "code": "timeout" } })),
            ("text of digits", json!({ "error": { "code": "7" } })),
        ],
    )
    .await;
    let code = || Optional::JSON.path(["error", "code"]);
    let error = || Optional::JSON.path(["error"]);
    let all = ["array", "bool", "null", "number", "root", "text", "text of digits"];
    check(
        &samples,
        vec![
            (code().eq("timeout"), &["text"]),
            (code().ne("timeout"), &["text of digits"]),
            (code().eq("7"), &["text of digits"]),
            (code().eq(7), &["number"]),
            (code().eq(7.0), &["number"]),
            (code().ne(8_i64), &["number"]),
            (code().eq(true), &["bool"]),
            (code().ne(true), &[]),
            (code().is_null(), &["null"]),
            (code().exists(), &["bool", "null", "number", "text", "text of digits"]),
            (error().exists(), &["array", "bool", "null", "number", "text", "text of digits"]),
            (error().eq("timeout"), &[]),
            (error().element(0).member("code").eq("timeout"), &["array"]),
            (error().element(1).eq(7), &["array"]),
            (error().element(2).exists(), &[]),
            (error().member("0").exists(), &[]),
            (Optional::JSON.path([""; 0]).exists(), &all),
            (Optional::JSON.path([""; 0]).eq("timeout"), &["root"]),
            (Optional::JSON.is_null(), &["nothing"]),
        ],
    )
    .await;
}

pub(crate) async fn numbers_and_texts_of_documents_are_ordered(fixture: Fixture) {
    let samples = samples(&fixture).await;
    documents(
        &samples,
        &[
            ("0.1", json!([0.1])),
            ("2", json!([2])),
            ("10", json!([10])),
            ("2^53+1", json!([9_007_199_254_740_993_i64])),
            ("max", json!([i64::MAX])),
            ("more", json!([u64::MAX])),
            ("-1e300", json!([-1e300])),
            ("A", json!(["A"])),
            ("a", json!(["a"])),
            ("é", json!(["é"])),
        ],
    )
    .await;
    let first = || Optional::JSON.path([""; 0]).element(0);
    check(
        &samples,
        vec![
            (first().lt(10), &["-1e300", "0.1", "2"]),
            (first().le(10), &["-1e300", "0.1", "10", "2"]),
            (first().gt(9_007_199_254_740_992_i64), &["2^53+1", "max", "more"]),
            (first().ge(i64::MAX), &["max", "more"]),
            (first().eq(0.1), &["0.1"]),
            (first().ge(0.1) & first().lt(2.5), &["0.1", "2"]),
            // A float is compared with the nearest double.
            (first().eq(9_007_199_254_740_992.0), &["2^53+1"]),
            (first().gt("A"), &["a", "é"]),
            (first().le("a"), &["A", "a"]),
        ],
    )
    .await;
}

pub(crate) async fn an_array_has_an_element_that_is_equal(fixture: Fixture) {
    let samples = samples(&fixture).await;
    documents(
        &samples,
        &[
            ("array", json!(["urgent", 7])),
            ("deep", json!({ "tags": [["urgent"], { "urgent": "urgent" }, { "tags": 1 }] })),
            ("empty", json!({ "tags": [] })),
            ("float", json!({ "tags": [0.1, 1.0, -2.5] })),
            ("integer", json!({ "tags": [null, 1, i64::MAX] })),
            ("member", json!({ "tags": { "0": "urgent", "urgent": 1 } })),
            ("missing", json!({ "tag": ["urgent"] })),
            ("null", json!({ "tags": null })),
            ("text", json!({ "tags": "urgent" })),
            ("texts", json!({ "tags": ["open", "urgent", "urgent", "1", "true", "[]"] })),
            ("truth", json!({ "tags": [false, true, "Urgent"] })),
            ("within", json!([{ "tags": ["urgent"] }])),
        ],
    )
    .await;
    let tags = || Optional::JSON.path(["tags"]);
    let first = || Optional::JSON.path([""; 0]).element(0);
    check(
        &samples,
        vec![
            (tags().has_element("urgent"), &["texts"]),
            (tags().has_element(String::from("Urgent")), &["truth"]),
            (tags().has_element("1"), &["texts"]),
            (tags().has_element(""), &[]),
            (tags().has_element("[]"), &["texts"]),
            (tags().has_element(1), &["float", "integer"]),
            (tags().has_element(1.0), &["float", "integer"]),
            (tags().has_element(0.1), &["float"]),
            (tags().has_element(i64::MAX), &["integer"]),
            (tags().has_element(i64::MAX - 1), &[]),
            (tags().has_element(0), &[]),
            (tags().has_element(true), &["truth"]),
            (tags().element(0).has_element("urgent"), &["deep"]),
            (tags().element(0).has_element(false), &[]),
            (first().member("tags").has_element("urgent"), &["within"]),
            (Optional::JSON.has_element("urgent"), &["array"]),
            (Optional::JSON.has_element(7), &["array"]),
            (Optional::JSON.has_element(8), &[]),
            (tags().has_element("open") & !tags().has_element("closed"), &["texts"]),
            (tags().has_element(false) | tags().has_element(-2.5), &["float", "truth"]),
        ],
    )
    .await;
    for filter in [tags().has_element(f64::NAN), tags().has_element("\0")] {
        let found = samples.filter(filter).all().await;
        assert_error!(found, Error::InvalidInput { column, .. } if column == "json");
    }
}

/// A table whose columns are called as what a database calls the elements of an array.
#[derive(Debug, Clone, repo_core::Repository)]
#[repository(table = "repo_element")]
struct Element {
    id: Uuid,
    #[repository(json)]
    value: Vec<String>,
    #[repository(json)]
    atom: Option<Vec<u32>>,
}

/// One that refers to it.
#[derive(Debug, Clone, repo_core::Repository)]
#[repository(table = "array")]
struct Array {
    id: Uuid,
    #[repository(references = Element)]
    element_id: Uuid,
    #[repository(json)]
    value: Vec<String>,
}

pub(crate) async fn an_element_is_of_the_column_that_is_asked_whatever_its_name(fixture: Fixture) {
    let session = fixture.with(&schema![Element, Array]).await.session();
    let (elements, arrays) = (session.repo::<Element>(), session.repo::<Array>());
    let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    let new = |value: &[&str], atom| NewElement { value: texts(value), atom };
    let a = elements.create(new(&["a", "b"], Some(vec![1, 2]))).await.unwrap();
    let c = elements.create(new(&["c"], None)).await.unwrap();
    for element_id in [a.id, c.id] {
        arrays.create(NewArray { element_id, value: texts(&["z"]) }).await.unwrap();
    }
    for (filter, expected) in [
        (Element::VALUE.has_element("b"), vec![a.id]),
        (Element::VALUE.has_element("c"), vec![c.id]),
        (Element::ATOM.has_element(2_u32), vec![a.id]),
        (!Element::ATOM.has_element(2), vec![c.id]),
        (Element::VALUE.has_element("z"), vec![]),
    ] {
        let found = elements.filter(filter.clone()).all().await.unwrap();
        assert_eq!(found.iter().map(|it| it.id).collect::<Vec<_>>(), expected, "{filter:?}");
        let of = arrays.filter(Array::element().has(filter.clone())).all().await.unwrap();
        assert_eq!(of.iter().map(|it| it.element_id).collect::<Vec<_>>(), expected, "{filter:?}");
    }
    assert_eq!(arrays.filter(Array::VALUE.has_element("z")).count().await.unwrap(), 2);
}

/// The same table, with numbers of documents as they are written.
#[derive(Debug, Clone, repo_core::Repository)]
#[repository(table = "optional_samples")]
struct Written {
    id: Uuid,
    label: String,
    #[repository(json)]
    json: Box<RawValue>,
}

pub(crate) async fn a_number_beyond_all_doubles_is_compared_with_the_nearest(fixture: Fixture) {
    let db = of_another_program(&fixture.with(&schema![Optional]).await);
    let written = db.session().repo::<Written>();
    let greatest = format!("{}", f64::MAX);
    for (label, number) in [
        ("-1e400", "-1e400"),
        ("-1e-400", "-1e-400"),
        ("0", "0"),
        ("1e-400", "1e-400"),
        ("1e400", "1e400"),
        ("2.5", "2.5"),
        ("3e-324", "3e-324"),
        ("max", &greatest),
        ("text", "\"1e400\""),
    ] {
        let json = RawValue::from_string(format!("[{number}]")).unwrap();
        written.create(NewWritten { label: label.to_owned(), json }).await.unwrap();
    }
    let first = || Written::JSON.path([""; 0]).element(0);
    let data = r#"{"column": "json", "path": [0], "gt": 1e300}"#;
    let cases: [(Filter<Written>, &[&str]); 12] = [
        (first().gt(2.0), &["1e400", "2.5", "max"]),
        (first().gt(f64::MAX), &["1e400"]),
        (first().ge(f64::MAX), &["1e400", "max"]),
        (first().eq(f64::MAX), &["max"]),
        (first().lt(f64::MIN), &["-1e400"]),
        (first().eq(0.0), &["-1e-400", "0", "1e-400"]),
        (first().eq(5e-324), &["3e-324"]),
        (first().lt(0.0), &["-1e400"]),
        (Written::JSON.has_element(f64::MAX), &["max"]),
        (Written::JSON.has_element(0.0), &["-1e-400", "0", "1e-400"]),
        (Written::JSON.has_element(5e-324), &["3e-324"]),
        (serde_json::from_str(data).unwrap(), &["1e400", "max"]),
    ];
    for (filter, expected) in cases {
        let shown = format!("{filter:?}");
        let found = written.filter(filter).order_by(Written::LABEL.asc()).all().await.unwrap();
        let found: Vec<_> = found.iter().map(|row| row.label.as_str()).collect();
        assert_eq!(found, expected, "{shown}");
    }
}

pub(crate) async fn a_place_has_as_many_steps_as_a_document_has_levels(fixture: Fixture) {
    let samples = samples(&fixture).await;
    let deepest = (0..127).fold(json!("deepest"), |inner, _| json!([inner]));
    documents(&samples, &[("deepest", deepest)]).await;
    let at = |steps| (0..steps).fold(Optional::JSON.path([""; 0]), |path, _| path.element(0));
    check(&samples, vec![(at(127).eq("deepest"), &["deepest"])]).await;
    for place in [at(128), at(20_000), Optional::JSON.path(["a"; 128]), at(127).member("a")] {
        let tests = [place.clone().exists(), place.clone().is_null(), place.clone().has_element(1)];
        for filter in tests.into_iter().chain([place.eq(1)]) {
            assert!(serde_json::to_string(&filter).is_err(), "it would not be read");
            let found = samples.filter(filter).all().await;
            assert_error!(found, Error::InvalidInput { column, .. } if column == "json");
        }
    }
}

pub(crate) async fn the_name_of_a_member_is_any_text(fixture: Fixture) {
    let samples = samples(&fixture).await;
    let names =
        ["", " ", "a.b", "$", "[0]", "\"", "\\", "'", "\n", "é🦀", "0", "\\u0000", "strict"];
    let labels: Vec<String> = (10..10 + names.len()).map(|n| n.to_string()).collect();
    let all: Vec<_> = names
        .iter()
        .zip(&labels)
        .map(|(name, label)| (label.as_str(), json!({ *name: 1 })))
        .collect();
    documents(&samples, &all).await;
    for (name, label) in names.iter().zip(&labels) {
        let filter = Optional::JSON.path([name]).eq(1);
        let found = samples.filter(filter.clone()).all().await.unwrap();
        let found: Vec<_> = found.iter().map(|row| row.label.as_str()).collect();
        assert_eq!(found, [label], "{filter:?}");
    }
    for filter in [Optional::JSON.path(["a\0"]).exists(), Optional::JSON.path(["a"]).eq("\0")] {
        let found = samples.filter(filter).all().await;
        assert_error!(found, Error::InvalidInput { column, .. } if column == "json");
    }
    let nan = samples.filter(Optional::JSON.path(["a"]).lt(f64::NAN)).all().await;
    assert_error!(nan, Error::InvalidInput { column, .. } if column == "json");
}

pub(crate) async fn a_column_is_compared_with_another(fixture: Fixture) {
    let samples = samples(&fixture).await;
    for (label, text) in [("b", "a"), ("c", "c"), ("d", "e")] {
        samples
            .create(NewOptional { text: Some(text.to_owned()), ..nothing(label) })
            .await
            .unwrap();
    }
    samples.create(nothing("null")).await.unwrap();
    let (label, text) = (Optional::LABEL, Optional::TEXT);
    check(
        &samples,
        vec![
            (text.eq_column(label), &["c"]),
            (text.ne_column(label), &["b", "d"]),
            (text.lt_column(label), &["b"]),
            (label.lt_column(text), &["d"]),
            (text.le_column(label), &["b", "c"]),
            (label.gt_column(text), &["b"]),
            (text.gt_column(label), &["d"]),
            (label.ge_column(text), &["b", "c"]),
        ],
    )
    .await;
    let scales = samples.filter(Optional::FRACTION.eq_column(Optional::WHOLE)).all().await;
    assert_error!(scales, Error::InvalidInput { column, .. } if column == "fraction");
}

pub(crate) async fn a_day_is_half_open(fixture: Fixture) {
    let samples = samples(&fixture).await;
    for (label, at) in [
        ("before", "2026-01-30T23:59:59.999999Z"),
        ("first", "2026-01-31T00:00:00Z"),
        ("last", "2026-01-31T23:59:59.999999Z"),
        ("next", "2026-02-01T00:00:00Z"),
    ] {
        let new = NewOptional { moment: Some(moment(at)), ..nothing(label) };
        samples.create(new).await.unwrap();
    }
    let day = NaiveDate::from_ymd_opt(2026, 1, 31).unwrap();
    let start = moment("2026-01-31T00:00:00Z");
    let at = Optional::MOMENT;
    check(
        &samples,
        vec![
            (at.on(day), &["first", "last"]),
            (at.on(day.succ_opt().unwrap()), &["next"]),
            (at.within(start..start + TimeDelta::days(1)), &["first", "last"]),
            (at.within(start..start), &[]),
            (at.within(start..start - TimeDelta::days(1)), &[]),
        ],
    )
    .await;
}

pub(crate) async fn text_is_equal_in_any_case(fixture: Fixture) {
    let samples = samples(&fixture).await;
    for (label, text) in [("1", "Straße É"), ("2", "STRAßE é"), ("3", ""), ("4", "%")] {
        let new = NewOptional { text: Some(text.to_owned()), ..nothing(label) };
        samples.create(new).await.unwrap();
    }
    let text = Optional::TEXT;
    check(
        &samples,
        vec![
            (text.ieq("STRAßE É"), &["1"]),
            (text.ieq("straße é"), &["2"]),
            (text.ieq(""), &["3"]),
            (text.ieq("%"), &["4"]),
            (text.ieq("straße"), &[]),
        ],
    )
    .await;
}
