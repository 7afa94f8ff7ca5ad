//! A progress bar on standard error where a person watches, and nothing in a pipe.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};

/// How far the import is.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A bar of that many entries.
    pub(crate) fn new(entries: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(entries as u64);
        let style = ProgressStyle::with_template("importing {bar:40} {pos} of {len} entries");
        Self(bar.with_style(style.expect("the template is a constant that parses")))
    }

    /// No entry is done yet.
    pub(crate) fn restart(&self) {
        self.0.set_position(0);
    }

    /// Some entries are done.
    pub(crate) fn advance(&self, entries: usize) {
        self.0.inc(entries as u64);
    }

    /// Takes the bar off the screen.
    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
