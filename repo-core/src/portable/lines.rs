//! The lines of a file, one record at a time, each no longer than memory can be asked to hold.

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

use super::{Format, csv, io, wrong};
use crate::error::Result;

/// The longest record, in bytes.
const LONGEST: u64 = 1 << 28;

const BOM: &str = "\u{feff}";

/// A record, and the line that it starts on.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) line: u64,
    pub(super) text: String,
}

pub(super) struct Lines<R> {
    reader: R,
    format: Format,
    /// How many lines were read.
    read: u64,
    /// A record that was looked at and put back.
    next: Option<Record>,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R, format: Format) -> Self {
        Self { reader, format, read: 0, next: None }
    }

    /// The next record; empty lines are none.
    pub(super) async fn next(&mut self) -> Result<Option<Record>> {
        if let Some(record) = self.next.take() {
            return Ok(Some(record));
        }
        loop {
            let (line, mut bytes, mut is_open) = (self.read + 1, Vec::new(), false);
            loop {
                let start = bytes.len();
                let is_over = self.line(line, &mut bytes).await? == 0;
                is_open ^= self.turns(line, &bytes[start..]);
                if is_over || !is_open {
                    break;
                }
            }
            if bytes.is_empty() {
                return Ok(None);
            }
            let text = String::from_utf8(bytes).map_err(|_| wrong("is not UTF-8").on_line(line))?;
            let is_first = line == 1;
            let text = match text.strip_prefix(BOM).filter(|_| is_first) {
                Some(text) => text.to_owned(),
                None => text,
            };
            if !text.trim_matches(['\r', '\n']).is_empty() {
                return Ok(Some(Record { line, text }));
            }
        }
    }

    /// Gives a record back, to be the next.
    pub(super) fn put_back(&mut self, record: Record) {
        self.next = Some(record);
    }

    /// Whether a line opens a quote that the one before left closed, or the other way round. The first line
    /// may be the header, which is JSON.
    fn turns(&self, line: u64, text: &[u8]) -> bool {
        let is_header = line == 1 && text.starts_with(super::COMMENT.as_bytes());
        self.format == Format::Csv && !is_header && csv::turns(text)
    }

    /// Appends a line, and returns how long it is.
    async fn line(&mut self, start: u64, bytes: &mut Vec<u8>) -> Result<usize> {
        let left = LONGEST.saturating_sub(bytes.len() as u64);
        let mut limited = (&mut self.reader).take(left);
        let count = limited.read_until(b'\n', bytes).await.map_err(io)?;
        self.read += u64::from(count > 0);
        if count as u64 == left && !bytes.ends_with(b"\n") {
            return Err(wrong(format!("has a row of more than {LONGEST} bytes")).on_line(start));
        }
        Ok(count)
    }
}
