//! Crates that are written to be compiled.

use std::fs;
use std::path::{Path, PathBuf};

use peers::Result;

use crate::library::Library;
use crate::toolchain::Toolchain;

/// A crate that was written.
#[derive(Debug)]
pub(crate) struct Crate {
    folder: PathBuf,
    pub(crate) name: String,
    pub(crate) library: Library,
    source: &'static str,
}

impl Crate {
    /// A library with this many entities.
    pub(crate) fn entities(toolchain: &Toolchain, library: Library, count: usize) -> Result<Self> {
        let name = format!("{}_{count}", library.word());
        let source: String = (0..count).map(|n| library.entity(n)).collect();
        Self::write(toolchain, library, name, "lib.rs", &source)
    }

    /// A program with one.
    pub(crate) fn program(toolchain: &Toolchain, library: Library, rest: &str) -> Result<Self> {
        let name = format!("{}_program", library.word());
        Self::write(toolchain, library, name, "main.rs", &(library.entity(0) + rest))
    }

    fn write(
        toolchain: &Toolchain,
        library: Library,
        name: String,
        file: &'static str,
        source: &str,
    ) -> Result<Self> {
        let folder = toolchain.folder().join(&name);
        fs::create_dir_all(folder.join("src"))?;
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
        let dependencies = library.dependencies(&workspace.to_string_lossy());
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
             chrono = {{ version = \"0.4\", features = [\"serde\"] }}\n\
             serde_json = \"1\"\n\
             tokio = {{ version = \"1\", features = [\"macros\", \"rt\"] }}\n\
             uuid = {{ version = \"1\", features = [\"serde\", \"v7\"] }}\n{dependencies}\n\
             [profile.release]\nstrip = true\n\n[workspace]\n"
        );
        write_new(&folder.join("Cargo.toml"), &manifest)?;
        write_new(&folder.join("src").join(file), source)?;
        Ok(Self { folder, name, library, source: file })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn source(&self) -> PathBuf {
        self.folder.join("src").join(self.source)
    }
}

/// Leaves a file alone that has this text: cargo looks at when it was written.
fn write_new(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|found| found == text) {
        return Ok(());
    }
    Ok(fs::write(path, text)?)
}
