//! What the command line asks for: `cargo bench .. -- --quick postgres get`. The package of the peers has it too.

use std::num::ParseIntError;

/// Words, each of which narrows what is measured, and switches.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    words: Vec<String>,
    switches: Vec<String>,
}

impl Selection {
    /// The selection of this process; `None` where nothing is to be measured: `cargo test` and the like
    /// start the program without `--bench`.
    pub fn from_args() -> Option<Self> {
        let (switches, words): (Vec<_>, Vec<_>) =
            std::env::args().skip(1).partition(|word| word.starts_with("--"));
        if switches.iter().any(|switch| switch == "--bench") {
            return Some(Self { words, switches });
        }
        println!("nothing is measured without `--bench`: run `cargo bench`");
        None
    }

    /// Whether there is a switch `--name`.
    pub fn has(&self, name: &str) -> bool {
        self.switches.iter().any(|switch| switch.strip_prefix("--") == Some(name))
    }

    /// The number of a switch `--name=5`, or what there is without one.
    ///
    /// # Errors
    ///
    /// It is not a number.
    pub fn number(&self, name: &str, otherwise: usize) -> Result<usize, ParseIntError> {
        let given = |switch: &String| {
            Some(switch.strip_prefix("--")?.strip_prefix(name)?.strip_prefix('=')?.to_owned())
        };
        self.switches.iter().find_map(given).map_or(Ok(otherwise), |number| number.parse())
    }

    /// Whether `name`, one of `names` that are told apart, is to be measured: one of the words is part
    /// of it, or none of the words is part of any.
    pub fn wants(&self, name: &str, names: &[&str]) -> bool {
        let is_named = |name: &str| self.words.iter().any(|word| name.contains(word.as_str()));
        is_named(name) || !names.iter().any(|name| is_named(name))
    }
}
