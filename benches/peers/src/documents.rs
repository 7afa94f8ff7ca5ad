//! Where results go: tables between the markers of `docs/performance.md`, plots into `docs/plots`, and everything
//! as JSON beside them.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::Result;

/// The folder of the documentation.
pub fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// Puts `text` between `<!-- NAME -->` and `<!-- end NAME -->` of the page.
///
/// # Errors
///
/// The page has no such markers.
pub fn quote(name: &str, text: &str) -> Result<()> {
    let path = docs().join("performance.md");
    let page = fs::read_to_string(&path)?;
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end {name} -->"));
    let (before, rest) = page.split_once(&start).ok_or_else(|| format!("no {start}"))?;
    let (_, after) = rest.split_once(&end).ok_or_else(|| format!("no {end}"))?;
    Ok(fs::write(path, format!("{before}{start}\n{}\n\n{end}{after}", text.trim()))?)
}

/// Writes a plot.
pub fn plot(name: &str, svg: &str) -> Result<()> {
    let folder = docs().join("plots");
    fs::create_dir_all(&folder)?;
    Ok(fs::write(folder.join(format!("{name}.svg")), svg)?)
}

/// Where JSON goes: into `docs/plots` where the documentation is written, else beside the program.
pub fn json_path(name: &str, is_for_docs: bool) -> Result<PathBuf> {
    let folder = if is_for_docs { docs().join("plots") } else { crate::place::target_folder()? };
    Ok(folder.join(format!("{name}.json")))
}

/// Writes what was measured as JSON, and returns where it is.
pub fn json(name: &str, value: &impl Serialize, is_for_docs: bool) -> Result<PathBuf> {
    let path = json_path(name, is_for_docs)?;
    fs::create_dir_all(path.parent().ok_or("no folder")?)?;
    fs::write(&path, serde_json::to_string_pretty(value)? + "\n")?;
    Ok(path)
}
