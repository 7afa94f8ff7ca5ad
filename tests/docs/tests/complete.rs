//! What documents point at is there, what is there is in the document about it, and what is in a document is seen.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The documents, as paths from the root.
fn documents() -> Vec<String> {
    let docs = ["docs", "docs/cookbook"].into_iter().flat_map(|folder| {
        let entries = fs::read_dir(root().join(folder)).expect("there are documents");
        entries.map(move |entry| {
            let name = entry.expect("a readable folder").file_name();
            format!("{folder}/{}", name.to_string_lossy())
        })
    });
    let docs = docs.filter(|path| path.ends_with(".md"));
    let others = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md"];
    docs.chain(others.map(str::to_owned)).collect()
}

/// The text between each `before` and the next `after`.
fn between<'t>(text: &'t str, before: &'t str, after: char) -> impl Iterator<Item = &'t str> {
    text.split(before)
        .skip(1)
        .filter_map(move |rest| rest.split_once(after))
        .map(|(found, _)| found)
}

/// A heading as the part of a link after `#`.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().trim().to_lowercase().replace(' ', "-")
}

#[test]
fn every_link_leads_somewhere() {
    for document in documents() {
        let text = read(&document);
        for link in between(&text, "](", ')').filter(|link| !link.starts_with("http")) {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let document = Path::new(&document);
            let target = document.parent().expect("a path from the root").join(path);
            let target = root().join(if path.is_empty() { document } else { &target });
            assert!(target.exists(), "{}: {link}", document.display());
            if !heading.is_empty() {
                let text = fs::read_to_string(&target).expect("a document");
                let mut headings = text.lines().filter_map(|line| line.strip_prefix('#'));
                let is_there = headings.any(|it| anchor(it.trim_start_matches('#')) == heading);
                assert!(is_there, "{}: {link}", document.display());
            }
        }
    }
}

#[test]
fn no_block_of_rust_has_a_line_that_rustdoc_alone_hides() {
    for document in documents() {
        let text = read(&document);
        let mut lines = text.lines();
        while lines.by_ref().any(|line| line.starts_with("```rust")) {
            let mut block = lines.by_ref().take_while(|line| *line != "```").map(str::trim_start);
            let hidden = block.find(|line| *line == "#" || line.starts_with("# "));
            assert_eq!(hidden, None, "{document}");
        }
    }
}

#[test]
fn every_key_of_the_derives_is_in_the_attributes() {
    let (source, document) = (read("repo-derive/src/attr.rs"), read("docs/attributes.md"));
    let keys: Vec<_> = between(&source, "    \"", '"').collect();
    assert!(keys.len() > 20, "{keys:?}");
    for key in keys {
        let is_there = [" ", "`", "("].iter().any(|end| document.contains(&format!("`{key}{end}")));
        assert!(is_there, "`{key}` is missing");
    }
}

#[test]
fn every_error_and_every_state_is_in_the_errors() {
    let document = read("docs/errors.md");
    let source = read("repo-core/src/error.rs");
    let variants = source.split("pub enum Error {").nth(1).expect("the enum");
    let variants = variants.split("\n}\n").next().expect("its end");
    for line in
        variants.lines().filter(|line| line.starts_with("    ") && !line.starts_with("     "))
    {
        let name: String = line.trim().chars().take_while(|c| c.is_alphanumeric()).collect();
        assert!(name.is_empty() || document.contains(&format!("`{name}`")), "`{name}` is missing");
    }
    for state in between(&read("repo-postgres/src/error.rs"), "    (\"", '"') {
        let is_there = document.contains(state) || state.starts_with("57P0");
        assert!(is_there, "{state} is missing");
    }
}
