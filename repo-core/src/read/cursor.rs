//! A position in the order of a query, as text that a client keeps.
//!
//! The text is URL-safe base64 of: the version of this format (1), a digest of entity, tenant,
//! visibility, filter and order, the order's values at the position, and a check over all of it. A
//! cursor from another query does not pass the digest. Tenant and filter apply to what a cursor reads
//! like to any other query: it moves within what its holder may read, and nowhere else.
//!
//! Digest and check are keyed: where the database has a key of its own, nobody else can try what value of a filter
//! a digest was made with. The check comes first, so that what nobody signed is told nothing of the query.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use sha2::{Digest as _, Sha256};

use crate::column::OrderKey;
use crate::error::{Error, Result};
use crate::query::{Selection, Visibility};
use crate::read::cursor_value::{read_value, write_value};
use crate::schema::table::Table;
use crate::value::Value;

/// A position in the order of a query: [`Display`](fmt::Display) and [`FromStr`] turn it into text
/// and back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cursor(String);

/// What a cursor belongs to.
#[derive(Debug)]
pub(crate) struct Fingerprint {
    query: [u8; DIGEST],
    key: [u8; 32],
}

const VERSION: u8 = 1;
const DIGEST: usize = 12;
const CHECK: usize = 12;

impl Cursor {
    pub(crate) fn new<'v>(
        fingerprint: &Fingerprint,
        values: impl Iterator<Item = &'v Value<'v>>,
    ) -> Self {
        let mut bytes = vec![VERSION];
        bytes.extend(fingerprint.query);
        for value in values {
            write_value(&mut bytes, value);
        }
        let check = fingerprint.check(&bytes);
        bytes.extend(check);
        Self(BASE64.encode(bytes))
    }

    /// The values of the position, one for each key of `order`.
    pub(crate) fn open(
        &self,
        fingerprint: &Fingerprint,
        order: &[OrderKey],
        table: &'static Table,
    ) -> Result<Vec<Value<'static>>> {
        let bytes = BASE64.decode(&self.0).map_err(|_| invalid("it is not a cursor"))?;
        let body = bytes.len().checked_sub(CHECK).filter(|body| *body > DIGEST);
        let (body, check) = bytes.split_at(body.ok_or_else(|| invalid("it is not a cursor"))?);
        if body[0] != VERSION {
            return Err(invalid("it was made by another version"));
        }
        if check != fingerprint.check(body) {
            return Err(invalid("it was changed"));
        }
        if body[1..=DIGEST] != fingerprint.query {
            return Err(invalid("entity, tenant, filter or order differ"));
        }
        let mut rest = &body[1 + DIGEST..];
        let kinds = order.iter().map(|key| key.source.def(table).kind);
        let values: Option<Vec<_>> = kinds.map(|kind| read_value(&mut rest, kind)).collect();
        values.filter(|_| rest.is_empty()).ok_or_else(|| invalid("it was changed"))
    }
}

impl Fingerprint {
    pub(crate) fn new(table: &'static Table, selection: &Selection, key: [u8; 32]) -> Self {
        let mut bytes = Vec::with_capacity(256);
        text(&mut bytes, table.name);
        write_value(&mut bytes, selection.tenant.as_ref().unwrap_or(&Value::Bool(false)));
        bytes.push(match selection.visibility {
            Visibility::Live => 0,
            Visibility::WithDeleted => 1,
            Visibility::OnlyDeleted => 2,
        });
        bytes.extend(selection.filters.len().to_be_bytes());
        for filter in &selection.filters {
            filter.digest(table, &mut bytes);
        }
        for key in &selection.order {
            let column = key.source.def(table);
            text(&mut bytes, &key.source.name(table));
            // With the kind, so that no release reads the value of another one as its own.
            text(&mut bytes, &format!("{:?}", column.kind));
            bytes.extend([u8::from(key.descending), u8::from(key.nulls_first)]);
        }
        Self { query: keyed(&key, b"query", &bytes), key }
    }

    fn check(&self, bytes: &[u8]) -> [u8; CHECK] {
        keyed(&self.key, b"check", bytes)
    }
}

/// A keyed digest of something. Hashed twice, so that nothing can be appended to what was hashed.
fn keyed<const N: usize>(key: &[u8; 32], of: &[u8], bytes: &[u8]) -> [u8; N] {
    let inner = Sha256::new().chain_update(key).chain_update(of).chain_update(bytes).finalize();
    let outer = Sha256::new().chain_update(key).chain_update(inner).finalize();
    std::array::from_fn(|at| outer[at])
}

/// Appends a text so that where it ends is known.
pub(crate) fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_be_bytes());
    bytes.extend(text.as_bytes());
}

fn invalid(reason: &'static str) -> Error {
    Error::InvalidCursor { reason }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        BASE64.decode(text).map_err(|_| invalid("it is not a cursor"))?;
        Ok(Self(text.to_owned()))
    }
}

impl serde::Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Cursor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
