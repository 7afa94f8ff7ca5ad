//! Where a chain ended at some time, to be kept where who writes the database cannot.
//!
//! Its text is specified in the project's guide, `docs/audit-format.md`.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::chain::Chain;
use super::format::{self, VERSION, ZERO};
use super::image::hex;
use crate::error::{Error, Result};

/// Where a chain ended at some time.
///
/// As text it is one line, by `Display` and `FromStr`. Signed with a key that the database never sees it may be
/// kept anywhere.
///
/// ```
/// use repo_core::audit::Checkpoint;
///
/// let line = format!("repo-audit-1 shared 0 {} 2026-01-31T12:00:00.000000+00:00 unsigned", "0".repeat(64));
/// let checkpoint: Checkpoint = line.parse()?;
/// let signed = checkpoint.sign(b"a key of some length")?.to_string();
/// let read: Checkpoint = signed.parse()?;
/// assert!(read.is_signed_with(b"a key of some length"));
/// assert!(!read.is_signed_with(b"another key"));
/// # Ok::<(), repo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checkpoint {
    /// Which chain.
    pub chain: Chain,
    /// The number of the last entry; 0 of a chain without entries.
    pub seq: i64,
    /// The hash of the last entry; zeros of a chain without entries.
    pub hash: [u8; 32],
    /// When it was taken.
    pub at: DateTime<Utc>,
    signature: Option<[u8; 32]>,
}

const UNSIGNED: &str = "unsigned";
const HMAC: &str = "hmac-sha256:";

impl Checkpoint {
    pub(crate) fn new(chain: Chain, seq: i64, hash: [u8; 32], at: DateTime<Utc>) -> Self {
        Self { chain, seq, hash, at, signature: None }
    }

    /// The same checkpoint, signed with HMAC-SHA256.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`]: the key is empty, as one that was never configured is. Everybody has that one.
    pub fn sign(self, key: &[u8]) -> Result<Self> {
        if key.is_empty() {
            return Err(Error::invalid_input("key", "is empty"));
        }
        let signature = self.mac(key).finalize().into_bytes().into();
        Ok(Self { signature: Some(signature), ..self })
    }

    /// Whether it was signed with this key, and not changed since. Takes the same time whatever differs.
    /// Nothing is signed with an empty key.
    pub fn is_signed_with(&self, key: &[u8]) -> bool {
        let fits = |signature: [u8; 32]| self.mac(key).verify_slice(&signature).is_ok();
        !key.is_empty() && self.signature.is_some_and(fits)
    }

    fn mac(&self, key: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::new_from_slice(key).expect("HMAC takes keys of every length");
        mac.update(self.statement().as_bytes());
        mac
    }

    /// What is signed: all but the signature.
    fn statement(&self) -> String {
        let chain = match &self.chain {
            Chain::Shared => "shared".to_owned(),
            Chain::Tenant(tenant) => format!("tenant:{}", hex(tenant.as_bytes())),
        };
        let (hash, at) = (hex(&self.hash), format::moment(self.at));
        format!("{VERSION} {chain} {} {hash} {at}", self.seq)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.signature {
            Some(signature) => write!(f, "{} {HMAC}{}", self.statement(), hex(signature)),
            None => write!(f, "{} {UNSIGNED}", self.statement()),
        }
    }
}

impl FromStr for Checkpoint {
    type Err = Error;

    fn from_str(line: &str) -> Result<Self> {
        let refused = || Error::invalid_input("checkpoint", "is not the line of a checkpoint");
        let checkpoint = parse(line.trim_end_matches(['\r', '\n'])).ok_or_else(refused)?;
        // One line for one checkpoint: what is written differently was not written here.
        if checkpoint.to_string() == line.trim_end_matches(['\r', '\n']) {
            return Ok(checkpoint);
        }
        Err(refused())
    }
}

fn parse(line: &str) -> Option<Checkpoint> {
    let words: Vec<_> = line.split(' ').collect();
    let [VERSION, chain, seq, hash, at, signature] = *words else { return None };
    let chain = match chain.strip_prefix("tenant:") {
        // Without a character it would be the shared chain under another name.
        Some("") => return None,
        Some(tenant) => Chain::Tenant(String::from_utf8(unhex(tenant)?).ok()?),
        None if chain == "shared" => Chain::Shared,
        None => return None,
    };
    let signature = match signature.strip_prefix(HMAC) {
        Some(signature) => Some(unhex(signature)?.try_into().ok()?),
        None if signature == UNSIGNED => None,
        None => return None,
    };
    let seq = seq.parse().ok().filter(|seq| *seq >= 0)?;
    let hash = unhex(hash)?.try_into().ok()?;
    // Before the first entry there is nothing that has a hash.
    if seq == 0 && hash != ZERO {
        return None;
    }
    Some(Checkpoint {
        chain,
        seq,
        hash,
        at: DateTime::parse_from_rfc3339(at).ok()?.to_utc(),
        signature,
    })
}

/// The bytes of hexadecimal digits.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn checkpoint(chain: Chain) -> Checkpoint {
        let at = DateTime::parse_from_rfc3339("2026-01-31T12:00:00.000001Z")
            .expect("it is valid")
            .to_utc();
        Checkpoint::new(chain, 7, [0xab; 32], at)
    }

    #[test]
    fn a_checkpoint_is_one_line_that_is_read_again() {
        for chain in [Chain::Shared, Chain::Tenant("a b🦀".to_owned())] {
            for checkpoint in [checkpoint(chain.clone()), checkpoint(chain).sign(b"key").unwrap()] {
                let line = checkpoint.to_string();
                assert_eq!(line.parse::<Checkpoint>().expect("it is valid"), checkpoint);
                assert_eq!(
                    format!("{line}\n").parse::<Checkpoint>().expect("it is valid"),
                    checkpoint
                );
            }
        }
    }

    #[test]
    fn a_line_that_is_no_checkpoint_is_refused() {
        let line = checkpoint(Chain::Shared).to_string();
        let changed = [
            line.replace("audit-1", "audit-2"),
            line.replace("shared", "SHARED"),
            line.replace("shared", "tenant:"),
            line.replace(" 7 ", " 07 "),
            line.replace(" 7 ", " -7 "),
            line.replace(" 7 ", " 0 "),
            line.replace("abab ", "AB "),
            line.replace("abab ", "ab "),
            line.replace("unsigned", ""),
            format!("{line} "),
        ];
        for changed in changed {
            assert!(changed.parse::<Checkpoint>().is_err(), "{changed}");
        }
    }

    #[test]
    fn a_signature_is_of_all_fields_and_one_key() {
        let signed = checkpoint(Chain::Shared).sign(b"key").unwrap();
        assert!(signed.is_signed_with(b"key"));
        assert!(!signed.is_signed_with(b"another"));
        assert!(!checkpoint(Chain::Shared).is_signed_with(b"key"));
        let at = signed.at + chrono::TimeDelta::microseconds(1);
        for changed in [
            Checkpoint { chain: Chain::Tenant("a".to_owned()), ..signed.clone() },
            Checkpoint { seq: 6, ..signed.clone() },
            Checkpoint { hash: [0; 32], ..signed.clone() },
            Checkpoint { at, ..signed.clone() },
        ] {
            assert!(!changed.is_signed_with(b"key"));
        }
    }

    #[test]
    fn nobody_signs_with_an_empty_key() {
        assert!(checkpoint(Chain::Shared).sign(b"").is_err());
        let forged = checkpoint(Chain::Shared).mac(b"").finalize().into_bytes().into();
        let forged = Checkpoint { signature: Some(forged), ..checkpoint(Chain::Shared) };
        assert!(!forged.is_signed_with(b""));
    }
}
