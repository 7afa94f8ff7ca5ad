//! Entries for who shows them: `serde::Serialize`, in the words and the texts of the trail.
//!
//! Nothing is read back: an entry is one where it is stored, and a checkpoint is read from its line.

use chrono::{DateTime, Utc};
use serde::ser::{Error as _, Serialize, SerializeMap as _, Serializer};

use super::format;
use super::image::{Image, ImageValue, hex};
use super::{Action, Checkpoint};
use crate::session::actor::Actor;

/// A moment as it is hashed: `2026-01-31T23:59:59.000001+00:00`.
pub(super) fn moment<S: Serializer>(at: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&format::moment(*at))
}

/// The digits of a hash.
pub(super) fn hash<S: Serializer>(hash: &Option<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
    hash.as_deref().map(hex).serialize(to)
}

/// The word that is stored: `"update"`.
impl Serialize for Action {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

/// The text that is stored: `"user:alice"`.
impl<T> Serialize for Actor<T>
where
    Self: std::fmt::Display,
{
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// The object, with the columns in the order of their table.
impl Serialize for Image {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let columns = self.parse().map_err(S::Error::custom)?;
        let mut members = to.serialize_map(Some(columns.len()))?;
        for (name, value) in &columns {
            members.serialize_entry(name, value)?;
        }
        members.end()
    }
}

/// `null`, `true` or `false`, a text, or `{"redacted":true}`.
impl Serialize for ImageValue {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            ImageValue::Null => to.serialize_none(),
            ImageValue::Bool(value) => to.serialize_bool(*value),
            ImageValue::Text(text) => to.serialize_str(text),
            ImageValue::Redacted => {
                let mut members = to.serialize_map(Some(1))?;
                members.serialize_entry("redacted", &true)?;
                members.end()
            }
        }
    }
}

/// The line, from which it is read again: `text.parse::<Checkpoint>()`.
impl Serialize for Checkpoint {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AuditEntry;

    fn entry() -> AuditEntry {
        let at = DateTime::parse_from_rfc3339("2026-01-31T12:00:00Z").expect("a moment");
        AuditEntry {
            tenant: "7".into(),
            seq: 2,
            entity: "claims".into(),
            entity_id: "9".into(),
            action: Action::Update,
            actor: Actor::User("alice".into()),
            correlation_id: None,
            reason: Some("the \"second\" invoice".into()),
            at: at.to_utc(),
            before: None,
            after: Some(Image::from_text(
                r#"{"z":"1.10","a":null,"open":true,"iban":{"redacted":true}}"#.into(),
            )),
            prev_hash: Some(vec![0; 32]),
            hash: Some([0xab; 32].to_vec()),
        }
    }

    #[test]
    fn an_entry_has_its_fields_in_the_texts_of_the_trail() {
        let expected = format!(
            "{{\"tenant\":\"7\",\"seq\":2,\"entity\":\"claims\",\"entity_id\":\"9\",\"action\":\"update\",\
             \"actor\":\"user:alice\",\"correlation_id\":null,\"reason\":\"the \\\"second\\\" invoice\",\
             \"at\":\"2026-01-31T12:00:00.000000+00:00\",\"before\":null,\
             \"after\":{{\"z\":\"1.10\",\"a\":null,\"open\":true,\"iban\":{{\"redacted\":true}}}},\
             \"prev_hash\":\"{}\",\"hash\":\"{}\"}}",
            "00".repeat(32),
            "ab".repeat(32)
        );
        assert_eq!(serde_json::to_string(&entry()).expect("is shown"), expected);
        let unchained = AuditEntry { prev_hash: None, hash: None, ..entry() };
        let shown = serde_json::to_value(unchained).expect("is shown");
        assert_eq!((&shown["hash"], &shown["prev_hash"]), (&().into(), &().into()));
    }

    #[test]
    fn what_is_no_image_is_not_shown_as_one() {
        let forged = Image::from_text("[1]".into());
        serde_json::to_string(&forged).expect_err("is no object");
    }

    #[test]
    fn a_checkpoint_is_its_line() {
        let line = format!(
            "repo-audit-1 tenant:37 3 {} 2026-01-31T12:00:00.000000+00:00 unsigned",
            "0f".repeat(32)
        );
        let checkpoint: Checkpoint = line.parse().expect("is a line");
        let signed = checkpoint.clone().sign(b"a key").expect("has a key");
        for checkpoint in [checkpoint, signed] {
            let shown = serde_json::to_value(&checkpoint).expect("is shown");
            let text = shown.as_str().expect("is a text");
            assert_eq!(text.parse::<Checkpoint>().expect("is a line"), checkpoint);
        }
    }
}
