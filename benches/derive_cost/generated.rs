//! Crates with nothing but entities.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use benches::Result;

/// Which derive the structs have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Derive {
    /// What is measured.
    Repository,
    /// What it is compared with.
    Serde,
}

/// A crate that was written.
#[derive(Debug)]
pub(crate) struct Crate {
    folder: PathBuf,
    lines: usize,
}

impl Derive {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Derive::Repository => "`Repository`",
            Derive::Serde => "serde's `Serialize`, `Deserialize`",
        }
    }
}

impl Crate {
    /// Writes a crate with this many entities into a folder of its own.
    pub(crate) fn write(folder: &Path, entities: usize, derive: Derive) -> Result<Self> {
        let name = format!("entities_{entities}_{derive:?}").to_lowercase();
        let folder = folder.join(&name);
        fs::create_dir_all(folder.join("src"))?;
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
        fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        fs::write(folder.join("Cargo.toml"), manifest(&name, &workspace))?;
        let mut source = String::new();
        for number in 0..entities {
            entity(&mut source, number, derive)?;
        }
        fs::write(folder.join("src/lib.rs"), &source)?;
        Ok(Self { folder, lines: source.lines().count() })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many lines a person wrote, without attributes: the expansion has none of those.
    pub(crate) fn lines(&self) -> usize {
        self.lines
    }

    pub(crate) fn source(&self) -> PathBuf {
        self.folder.join("src/lib.rs")
    }
}

fn manifest(name: &str, workspace: &Path) -> String {
    let core = workspace.join("repo-core");
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nchrono = {{ version = \"0.4\", features = [\"serde\"] }}\n\
         repo-core = {{ path = {core:?} }}\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\nserde_json = \"1\"\n\
         uuid = {{ version = \"1\", features = [\"serde\"] }}\n\n[workspace]\n"
    )
}

fn entity(source: &mut String, number: usize, derive: Derive) -> Result<()> {
    let (head, unique) = match derive {
        Derive::Repository => (
            format!(
                "#[derive(repo_core::Repository)]\n#[repository(table = \"tickets_{number}\", tenant, \
                 soft_delete, versioned, timestamps, index(attempts, created_at))]"
            ),
            "#[repository(unique)] ",
        ),
        Derive::Serde => ("#[derive(serde::Serialize, serde::Deserialize)]".to_owned(), ""),
    };
    write!(
        source,
        "{head}\n\
         pub struct Ticket{number} {{\n    \
             pub id: uuid::Uuid,\n    \
             pub tenant_id: uuid::Uuid,\n    \
             {unique}pub subject: String,\n    \
             pub status: String,\n    \
             pub attempts: i64,\n    \
             pub context: serde_json::Value,\n    \
             pub amount: f64,\n    \
             pub urgent: bool,\n    \
             pub reporter: Option<String>,\n    \
             pub version: i64,\n    \
             pub created_at: chrono::DateTime<chrono::Utc>,\n    \
             pub updated_at: chrono::DateTime<chrono::Utc>,\n    \
             pub deleted_at: Option<chrono::DateTime<chrono::Utc>>,\n\
         }}\n"
    )?;
    Ok(())
}
