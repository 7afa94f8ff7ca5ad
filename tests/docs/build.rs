//! Turns the documents into doc comments: a module for each, in `documents.rs`.
//!
//! A block of Rust with a `fn main` is a program and stays as it is: it is compiled, and run unless it is
//! marked `no_run`. Any other is an excerpt, which is compiled inside a function that has what `desk.rs`
//! defines, so that documents need not repeat it and have no hidden lines.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The documents that are not in `docs/`.
const OUTSIDE: [&str; 7] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "repo-core/README.md",
    "repo-derive/README.md",
    "repo-postgres/README.md",
    "repo-sqlite/README.md",
];

const BEFORE: &str = "# use docs_tests::desk::*;\n\
    # async fn excerpt(Desk { db, acme, incidents, incident }: Desk) -> Result<(), repo_core::Error> {\n";
const AFTER: &str = "# Ok(()) }\n# fn main() {}\n";

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it for build scripts"));
    let mut modules = String::new();
    for path in documents(&root)? {
        println!("cargo::rerun-if-changed={}", path.display());
        let name = path.strip_prefix(&root).unwrap_or(&path).with_extension("");
        let name = name.to_string_lossy().to_lowercase().replace(['-', '/', '\\'], "_");
        let doc = out.join(format!("{name}.md"));
        fs::write(&doc, complete(&fs::read_to_string(&path)?))?;
        let _ = write!(modules, "#[doc = include_str!({doc:?})]\nmod {name} {{}}\n");
    }
    fs::write(out.join("documents.rs"), modules)
}

fn documents(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<_> = OUTSIDE.map(|name| root.join(name)).into();
    println!("cargo::rerun-if-changed={}", root.join("docs").display());
    for entry in fs::read_dir(root.join("docs"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
    Ok(paths)
}

/// The document with its excerpts made whole.
fn complete(document: &str) -> String {
    let mut text = String::with_capacity(document.len() * 2);
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        let _ = writeln!(text, "{line}");
        if !line.starts_with("```") {
            continue;
        }
        let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
        let is_program = block.iter().any(|line| line.contains("fn main()"));
        let is_excerpt = line.starts_with("```rust") && !is_program;
        text.push_str(if is_excerpt { BEFORE } else { "" });
        block.iter().for_each(|line| text.extend([line, "\n"]));
        text.push_str(if is_excerpt { AFTER } else { "" });
        text.push_str("```\n");
    }
    text
}
