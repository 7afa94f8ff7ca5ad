//! Turns each page of `docs/cookbook` into a module: all its blocks of Rust, one after the other.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cookbook");
    println!("cargo::rerun-if-changed={}", pages.display());
    let mut paths: Vec<_> = fs::read_dir(&pages)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    paths.retain(|path| path.file_name().is_some_and(|name| name != "README.md"));
    paths.sort();
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it for build scripts"));
    let (mut modules, mut names) = (String::new(), Vec::new());
    for path in paths {
        println!("cargo::rerun-if-changed={}", path.display());
        let name = path.file_stem().unwrap_or_default().to_string_lossy().replace('-', "_");
        let _ = writeln!(modules, "mod {name} {{\n{}}}", code(&fs::read_to_string(&path)?));
        names.push(name);
    }
    let _ = writeln!(modules, "cookbook! {{ {} }}", names.join(" "));
    fs::write(out.join("pages.rs"), modules)
}

/// The blocks of Rust of a page.
fn code(page: &str) -> String {
    let mut code = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line == "```rust" {
            lines.by_ref().take_while(|line| *line != "```").for_each(|line| {
                code.push_str(line);
                code.push('\n');
            });
        }
    }
    code
}
