//! What documents point at is there, what is there is in the document about it, and what is in a document is seen.

use std::fs;
use std::path::{Path, PathBuf};

/// The documents that are in no folder of documents.
const OUTSIDE: [&str; 9] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "repo-core/README.md",
    "repo-derive/README.md",
    "repo-postgres/README.md",
    "repo-sqlite/README.md",
];

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
    docs.chain(OUTSIDE.map(str::to_owned)).collect()
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
fn every_key_of_a_derive_is_in_its_documentation() {
    let documents = read("repo-core/src/derives.rs");
    for (derive, file, list) in [
        ("Repository", "attr.rs", "STRUCT_KEYS"),
        ("Repository", "attr.rs", "FIELD_KEYS"),
        ("ColumnEnum", "column_enum.rs", "ENUM_KEYS"),
        ("ColumnEnum", "column_enum.rs", "VARIANT_KEYS"),
        ("Projection", "projection.rs", "STRUCT_KEYS"),
        ("Projection", "projection.rs", "FIELD_KEYS"),
        ("SqlRow", "sql_row.rs", "STRUCT_KEYS"),
        ("SqlRow", "sql_row.rs", "FIELD_KEYS"),
        ("Summary", "attr.rs", "SUMMARY_KEYS"),
        ("Summary", "attr.rs", "SUMMARY_FIELD_KEYS"),
        ("Search", "search.rs", "STRUCT_KEYS"),
        ("Search", "search/field.rs", "FIELD_KEYS"),
    ] {
        let before = documents.split(&format!("pub use repo_derive::{derive};")).next();
        let document = before.and_then(|text| text.rsplit("pub use").next()).expect("its text");
        let source = read(&format!("repo-derive/src/{file}"));
        let keys = source.split(&format!("const {list}: ")).nth(1).expect("the list");
        let keys = keys.split("];").next().expect("its end");
        for key in keys.split('"').skip(1).step_by(2) {
            let mut ends = ["`", " =", "("].iter().map(|end| format!("{key}{end}"));
            let is_there = ends.any(|key| {
                ["`", "[", "("].iter().any(|start| document.contains(&format!("{start}{key}")))
            });
            assert!(is_there, "`{key}` of {derive} is missing");
        }
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
