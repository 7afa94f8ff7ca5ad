//! The vectors of `docs/audit-vectors.json`, which were not made by this crate.

use chrono::DateTime;
use serde_json::Value;

use super::format::{self, Known};
use super::image::hex;

const VECTORS: &str = include_str!("../../audit-vectors.json");

#[test]
fn every_entry_has_the_hash_of_the_vectors() {
    let vectors: Value = serde_json::from_str(VECTORS).expect("as the vectors have it");
    assert_eq!(vectors["format"], format::VERSION);
    for chain in vectors["chains"].as_array().expect("as the vectors have it") {
        let mut prev_hash = format::ZERO;
        for entry in chain.as_array().expect("as the vectors have it") {
            let what = &entry["what"];
            assert_eq!(entry["prev_hash"], hex(&prev_hash), "{what}");
            let (bytes, hash) = encoded(entry, &prev_hash);
            if let Some(expected) = entry.get("bytes") {
                assert_eq!(*expected, hex(&bytes), "{what}");
            }
            assert_eq!(entry["hash"], hex(&hash), "{what}");
            prev_hash = hash;
        }
    }
}

fn encoded(entry: &Value, prev_hash: &[u8]) -> (Vec<u8>, [u8; 32]) {
    let texts = ["tenant", "entity", "action", "actor", "correlation_id", "reason", "entity_id"]
        .map(|name| text(&entry[name]));
    let [tenant, entity, action, actor, correlation_id, reason, entity_id] =
        texts.each_ref().map(Option::as_deref);
    let at = DateTime::parse_from_rfc3339(entry_text(entry, "at"))
        .expect("as the vectors have it")
        .to_utc();
    let known = Known {
        tenant: tenant.expect("as the vectors have it"),
        entity: entity.expect("as the vectors have it"),
        action: action.expect("as the vectors have it"),
        actor: actor.expect("as the vectors have it"),
        correlation_id,
        reason,
        at,
    };
    assert_eq!(format::moment(at), entry_text(entry, "at"));
    let (before, after) = (text(&entry["before"]), text(&entry["after"]));
    let known = known.encode();
    let seq = entry["seq"].as_i64().expect("as the vectors have it");
    let entity_id = entity_id.expect("as the vectors have it");
    let (before, after) = (before.as_deref(), after.as_deref());
    let bytes = format::encode(&known, entity_id, before, after, seq, prev_hash);
    (bytes, format::hash(&known, entity_id, before, after, seq, prev_hash))
}

fn entry_text<'v>(entry: &'v Value, name: &str) -> &'v str {
    entry[name].as_str().expect("as the vectors have it")
}

/// A text, which may be given by a rule.
fn text(value: &Value) -> Option<String> {
    let part = |name: &str| value[name].as_str().expect("as the vectors have it");
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        rule => {
            let times = usize::try_from(rule["times"].as_u64().expect("as the vectors have it"))
                .expect("as written");
            Some(format!("{}{}{}", part("start"), part("repeat").repeat(times), part("end")))
        }
    }
}
