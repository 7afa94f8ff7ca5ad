//! A checkpoint: where a chain ended when it was noted.

use crate::Result;

#[derive(Debug)]
pub(crate) struct Checkpoint {
    pub(crate) tenant: String,
    pub(crate) seq: i64,
    pub(crate) hash: Vec<u8>,
}

impl Checkpoint {
    /// Reads `repo-audit-1 CHAIN SEQ HASH AT SIGNATURE`.
    pub(crate) fn parse(line: &str) -> Result<Self> {
        let words: Vec<_> = line.split(' ').collect();
        let ["repo-audit-1", chain, seq, hash, _, _] = words[..] else {
            return Err(format!("no checkpoint: {line}").into());
        };
        let tenant = match chain.strip_prefix("tenant:") {
            Some(tenant) => String::from_utf8(bytes(tenant)?)?,
            None => String::new(),
        };
        let (seq, hash) = (seq.parse()?, bytes(hash)?);
        if seq < 0 || seq == 0 && hash != [0; 32] {
            return Err(format!("no checkpoint: {line}").into());
        }
        Ok(Self { tenant, seq, hash })
    }
}

fn bytes(digits: &str) -> Result<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2).map(std::str::from_utf8);
    pairs.map(|pair| Ok(u8::from_str_radix(pair?, 16)?)).collect()
}
