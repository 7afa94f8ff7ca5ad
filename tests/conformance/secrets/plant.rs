//! The secret, the rows that it is written into, and what is said meanwhile.

use std::error::Error as _;
use std::fmt::Debug;

use chrono::{DateTime, Utc};
use repo_core::{Repository, Result};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::entities::Status;

/// A secret in a column of every type that can hold one. Its own `Debug` is its author's, so it has none.
#[derive(Repository)]
#[repository(table = "envelopes", tenant, soft_delete, versioned, audited)]
pub(super) struct Envelope {
    pub(super) id: Uuid,
    pub(super) tenant_id: Uuid,
    #[repository(unique)]
    pub(super) label: String,
    #[repository(sensitive, unique, max_length = 80)]
    pub(super) pin: String,
    #[repository(sensitive)]
    pub(super) note: Option<String>,
    #[repository(sensitive, json)]
    pub(super) papers: Papers,
    #[repository(sensitive)]
    pub(super) number: i64,
    #[repository(sensitive)]
    pub(super) bytes: Vec<u8>,
    #[repository(sensitive, default = None)]
    pub(super) hint: Option<String>,
    pub(super) version: i64,
    pub(super) deleted_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Papers {
    pub(super) pages: Vec<String>,
}

/// The same table, read by somebody who expects other documents.
#[derive(Repository)]
#[repository(table = "envelopes", tenant)]
pub(super) struct Misread {
    pub(super) id: Uuid,
    pub(super) tenant_id: Uuid,
    #[repository(sensitive, json)]
    pub(super) papers: Vec<i64>,
}

/// The same table, read by somebody who expects other words.
#[derive(Repository)]
#[repository(table = "envelopes", tenant)]
pub(super) struct Misspelt {
    pub(super) id: Uuid,
    pub(super) tenant_id: Uuid,
    #[repository(sensitive)]
    pub(super) pin: Status,
}

/// A secret, a word that is none, and all that was said while they were written.
pub(super) struct Plant {
    pub(super) secret: String,
    pub(super) number: i64,
    pub(super) open: String,
    count: u32,
    pub(super) told: Vec<(&'static str, String)>,
}

impl Plant {
    pub(super) fn new() -> Self {
        let (secret, open) = (Uuid::new_v4(), Uuid::new_v4());
        // Of its last digits some are used to tell values apart.
        let number = i64::try_from(secret.as_u128() >> 66).unwrap() / 100_000 * 100_000;
        let (secret, open) = (secret.simple().to_string(), open.simple().to_string());
        Self { secret, number, open, count: 0, told: Vec::new() }
    }

    /// The secret in every spelling that it may be written in.
    pub(super) fn spellings(&self) -> Vec<String> {
        let hex: String = self.secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let list = format!("{:?}", self.secret.as_bytes());
        let number = (self.number / 100_000).to_string();
        let list = list.trim_matches(['[', ']']).to_owned();
        vec![self.secret.clone(), hex.to_uppercase(), hex, list, number]
    }

    /// A value that was not there before.
    pub(super) fn next(&mut self) -> String {
        self.count += 1;
        format!("{}-{}", self.secret, self.count)
    }

    /// An envelope of secrets under a name that is none.
    pub(super) fn envelope(&mut self) -> NewEnvelope {
        let pin = self.next();
        NewEnvelope {
            label: format!("{}-{}", self.open, self.count),
            note: Some(pin.clone()),
            papers: Papers { pages: vec![pin.clone()] },
            number: self.number + i64::from(self.count),
            bytes: pin.clone().into_bytes(),
            pin,
        }
    }

    pub(super) fn patch(&mut self) -> EnvelopePatch {
        let NewEnvelope { pin, note, papers, number, bytes, .. } = self.envelope();
        EnvelopePatch::new()
            .pin(pin.clone())
            .note(note)
            .papers(papers)
            .number(number)
            .bytes(bytes)
            .hint(Some(pin))
    }

    pub(super) fn shown(&mut self, what: &'static str, it: &impl Debug) {
        self.told.push((what, format!("{it:?}")));
        self.told.push((what, format!("{it:#?}")));
    }

    /// It must fail, and what it says is looked at, down to the causes.
    pub(super) fn failed<T>(&mut self, what: &'static str, result: Result<T>) {
        let Err(error) = result else { panic!("{what} was to fail") };
        self.shown(what, &error);
        self.told.push((what, error.to_string()));
        let mut cause = error.source();
        while let Some(error) = cause {
            self.told.push((what, format!("{error} {error:?}")));
            cause = error.source();
        }
    }

    pub(super) fn assert_hidden(&self, place: &str, text: &str) {
        for spelling in self.spellings() {
            assert!(!text.contains(&spelling), "{place} tells a secret: {text}");
        }
    }
}
