//! What each library costs, as it was measured: kept from run to run, so that parts can be measured by themselves.

use std::fs;
use std::path::Path;

use peers::Result;
use peers::documents;
use serde::{Deserialize, Serialize};

use crate::library::Library;

/// What one library costs; what is missing was never measured.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Cost {
    pub(crate) library: String,
    pub(crate) lines_per_entity: Option<f64>,
    pub(crate) check_milliseconds: Option<f64>,
    /// Ours as a part of theirs: the median of the rounds' ratios.
    pub(crate) check_ratio: Option<f64>,
    /// Of all processes and threads of a check, beside the time on the clock.
    pub(crate) check_processor_milliseconds: Option<f64>,
    pub(crate) release_seconds: Option<f64>,
    pub(crate) stripped_bytes: Option<u64>,
    /// What did not build, and the first error.
    pub(crate) failures: Vec<String>,
}

/// What all of them cost, in the order of the table.
#[derive(Debug)]
pub(crate) struct Costs {
    all: Vec<Cost>,
    is_for_docs: bool,
}

impl Costs {
    /// What an earlier run wrote, and nothing for those it did not look at.
    pub(crate) fn read(is_for_docs: bool) -> Result<Self> {
        let path = documents::json_path("builds", is_for_docs)?;
        let mut known = if path.exists() { parse(&path)? } else { Vec::new() };
        let of = |library: Library| {
            let position = known.iter().position(|cost| cost.library == library.name());
            position.map_or_else(
                || Cost { library: library.name().to_owned(), ..Cost::default() },
                |position| known.swap_remove(position),
            )
        };
        Ok(Self { all: Library::ALL.into_iter().map(of).collect(), is_for_docs })
    }

    /// Changes what one of them costs, and writes everything down: a run that is stopped loses nothing.
    pub(crate) fn set(&mut self, library: Library, change: impl FnOnce(&mut Cost)) -> Result<()> {
        if let Some(cost) = self.all.iter_mut().find(|cost| cost.library == library.name()) {
            change(cost);
        }
        documents::json("builds", &self.all, self.is_for_docs)?;
        if self.is_for_docs {
            documents::quote("builds", &self.table())?;
        }
        Ok(())
    }

    /// Notes what went wrong with one of them; the others go on.
    pub(crate) fn fail(
        &mut self,
        library: Library,
        part: &str,
        error: &peers::Error,
    ) -> Result<()> {
        let text = error.to_string();
        let start: Vec<&str> = text.lines().take(20).collect();
        eprintln!("{part}, {}: {}", library.name(), start.join("\n"));
        let reason = text.lines().find(|line| line.starts_with("error")).unwrap_or("it fails");
        let failure = format!("{part}: {reason}");
        self.set(library, |cost| cost.failures.push(failure))
    }

    /// The table, and under it what did not build.
    pub(crate) fn table(&self) -> String {
        let mut table = "| library | lines an entity | `cargo check` of 50 entities, ms | ours as a part of it | clean \
                         release build, s | stripped, MiB |\n|---|--:|--:|--:|--:|--:|\n"
            .to_owned();
        let cell = |value: Option<f64>, digits: usize| match value {
            Some(value) => format!("{value:.digits$}"),
            None => "-".to_owned(),
        };
        for cost in &self.all {
            let mebibytes = cost.stripped_bytes.map(|bytes| bytes as f64 / 1_048_576.0);
            table += &format!(
                "| {} | {} | {} | {} | {} | {} |\n",
                cost.library,
                cell(cost.lines_per_entity, 0),
                cell(cost.check_milliseconds, 0),
                cell(cost.check_ratio, 2),
                cell(cost.release_seconds, 0),
                cell(mebibytes, 1)
            );
        }
        for cost in &self.all {
            for failure in &cost.failures {
                table += &format!("\n{} did not build: {failure}\n", cost.library);
            }
        }
        table
    }
}

fn parse(path: &Path) -> Result<Vec<Cost>> {
    Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
}
