//! JSON columns: the same document on every database.

use repo_core::{Error, schema};
use serde_json::json;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::Fixture;

pub(crate) async fn json_comes_back_as_the_same_document(fixture: Fixture) {
    let db = fixture.with(&schema![Sample]).await;
    let samples = db.session().repo::<Sample>();
    let deep = (0..100).fold(json!("deep"), |inner, _| json!([inner]));
    for document in [
        json!(null),
        json!(true),
        json!("text"),
        json!(0),
        json!([]),
        json!({}),
        json!(1e16),
        json!(1e300),
        json!(-1e-300),
        json!(5e-324),
        json!(0.1),
        json!(1.0),
        json!(f64::MAX),
        json!(1e15),
        json!(123456789012345680.0),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(u64::MAX),
        json!((1_i64 << 53) + 1),
        json!({ "b": 1, "a": { "": [null, { "c": "🦀 \" \\ \n \u{1}" }] }, "": 0 }),
        json!("\\u0000"),
        json!({ "\\": "\\\\u0000" }),
        deep,
    ] {
        let created = samples.create(NewSample { json: document.clone(), ..sample() }).await;
        let created = created.unwrap();
        let found = samples.get(created.id).await.unwrap();
        assert_eq!(found.json, document);
        assert_eq!(found, created);
        let patch = SamplePatch::new().json(document.clone());
        assert_eq!(samples.patch(created.id, patch).await.unwrap().json, document);
    }
}

pub(crate) async fn every_float_of_a_document_comes_back(fixture: Fixture) {
    let db = fixture.with(&schema![Sample]).await;
    let samples = db.session().repo::<Sample>();
    let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        f64::from_bits(bits)
    };
    let floats: Vec<f64> =
        std::iter::repeat_with(&mut random).filter(|float| float.is_finite()).take(1_000).collect();
    let created = samples.create(NewSample { json: json!(floats), ..sample() }).await.unwrap();
    assert_eq!(samples.get(created.id).await.unwrap().json, json!(floats));
}

pub(crate) async fn a_document_is_given_back_as_it_was_given_until_it_is_read(fixture: Fixture) {
    let db = fixture.with(&schema![Sample]).await;
    let samples = db.session().repo::<Sample>();
    let created = samples.create(NewSample { json: json!([-0.0]), ..sample() }).await.unwrap();
    assert_eq!(created.json.to_string(), "[-0.0]");
    assert_eq!(samples.get(created.id).await.unwrap().json.to_string(), "[0.0]");
    let patched = samples.patch(created.id, SamplePatch::new().json(json!([-0.0, 1]))).await;
    assert_eq!(patched.unwrap().json.to_string(), "[0.0,1]");
}

pub(crate) async fn json_null_is_not_sql_null(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let samples = db.session().repo::<Optional>();
    let new = NewOptional { json: Some(json!(null)), ..nothing("document") };
    let document = samples.create(new).await.unwrap();
    let missing = samples.create(nothing("missing")).await.unwrap();
    assert_eq!(samples.get(document.id).await.unwrap().json, Some(json!(null)));
    assert_eq!(samples.get(missing.id).await.unwrap().json, None);
    let nulls = samples.filter(Optional::JSON.is_null()).one().await.unwrap();
    assert_eq!(nulls.label, "missing");
    let cleared = samples.patch(document.id, OptionalPatch::new().json(None)).await.unwrap();
    assert_eq!(cleared.json, None);
    let payload = Payload { words: Vec::new(), amount: None };
    let set = samples.patch(missing.id, OptionalPatch::new().payload(payload.clone())).await;
    assert_eq!(set.unwrap().payload, Some(payload));
    let cleared = samples.patch(missing.id, OptionalPatch::new().payload(None)).await.unwrap();
    assert_eq!(cleared, missing);
}

pub(crate) async fn json_with_a_nul_is_refused(fixture: Fixture) {
    let db = fixture.with(&schema![Sample]).await;
    let samples = db.session().repo::<Sample>();
    for document in [json!("\0"), json!({ "a\0": 1 }), json!(["\\\0"])] {
        let refused = samples.create(NewSample { json: document, ..sample() }).await;
        assert_error!(refused, Error::InvalidInput { column, .. } if column == "json");
    }
    let words = vec!["a\0".to_owned()];
    let new = NewSample { payload: Payload { words, amount: None }, ..sample() };
    assert_error!(samples.create(new).await, Error::InvalidInput { column, .. } if column == "payload");
    assert_eq!(samples.count().await.unwrap(), 0);
}

pub(crate) async fn a_document_that_could_not_be_read_again_is_refused(fixture: Fixture) {
    let db = fixture.with(&schema![Sample]).await;
    let samples = db.session().repo::<Sample>();
    let nested = |depth: usize| (0..depth).fold(json!({ "[[": "{{" }), |inner, _| json!([inner]));
    let deepest = samples.create(NewSample { json: nested(126), ..sample() }).await.unwrap();
    assert_eq!(samples.get(deepest.id).await.unwrap(), deepest);
    for depth in [127, 300] {
        let refused = samples.create(NewSample { json: nested(depth), ..sample() }).await;
        assert_error!(refused, Error::InvalidInput { column, .. } if column == "json");
    }
    let wide = json!(vec![nested(100); 200]);
    samples.create(NewSample { json: wide, ..sample() }).await.unwrap();
}
