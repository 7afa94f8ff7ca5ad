//! `model-router export` and `import`: the catalogue as files, with its ids, versions and times.
//!
//! A file is of one table: the models are in the file that is named, their providers in one beside it. Reading a
//! registry as it is published is in `import.rs`; the requests of tenants are in no file.

use std::path::{Path, PathBuf};

use repo_core::{
    Entity, Error, Isolation, Query, Repo, Scope, Session, Shared, TransactionOptions,
};
use serde::Serialize;
use tokio::fs::File;
use tokio::io::{BufReader, BufWriter};

use crate::entities::{Model, Provider};
use crate::failure::Failure;

/// How many rows were written to the files, or read from them.
#[derive(Debug, Serialize)]
pub(crate) struct Moved {
    pub(crate) providers: u64,
    pub(crate) models: u64,
    pub(crate) files: [String; 2],
}

/// Where the rows are, and how they are written.
#[derive(Debug)]
pub(crate) struct Files {
    models: PathBuf,
    providers: PathBuf,
    format: Format,
}

/// Files that were there and can be read.
#[derive(Debug)]
pub(crate) struct Opened {
    files: Files,
    providers: BufReader<File>,
    models: BufReader<File>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    JsonLines,
    Csv,
}

impl Files {
    /// The file of the models, and that of the providers beside it: `registry.jsonl` and
    /// `registry.providers.jsonl`. The format is that of the name.
    pub(crate) fn new(models: PathBuf) -> Result<Self, Failure> {
        let (format, extension) = match models.extension().and_then(|it| it.to_str()) {
            Some("jsonl") => (Format::JsonLines, "providers.jsonl"),
            Some("csv") => (Format::Csv, "providers.csv"),
            _ => return Err(Failure::Extension { path: models }),
        };
        Ok(Self { providers: models.with_extension(extension), models, format })
    }

    /// Writes the catalogue, as it is at one moment.
    pub(crate) async fn export<S: Scope>(&self, session: &Session<S>) -> Result<Moved, Failure> {
        let options = TransactionOptions::new().read_only().isolation(Isolation::RepeatableRead);
        session
            .transaction_with(options, async |tx| {
                let providers = self.write(tx.repo::<Provider>().query(), &self.providers).await?;
                let models = self.write(tx.repo::<Model>().query(), &self.models).await?;
                Ok(self.moved(providers, models))
            })
            .await
    }

    /// Opens both files to be read.
    pub(crate) async fn open(self) -> Result<Opened, Failure> {
        let (providers, models) = (open(&self.providers).await?, open(&self.models).await?);
        Ok(Opened { files: self, providers, models })
    }

    async fn write<E, S>(&self, rows: Query<E, S>, path: &Path) -> Result<u64, Failure>
    where
        E: Entity<Tenancy = Shared>,
        S: Scope,
    {
        // Under its own name only when it is whole: half a file would be imported as well.
        let part = path.with_added_extension("part");
        let create = |source| Failure::Create { path: path.to_owned(), source };
        let mut file = BufWriter::new(File::create(&part).await.map_err(create)?);
        let written = match self.format {
            Format::JsonLines => rows.export_json_lines(&mut file).await,
            Format::Csv => rows.export_csv(&mut file).await,
        };
        let written = written.map_err(|error| of_file(path, error))?;
        tokio::fs::rename(part, path).await.map_err(create)?;
        Ok(written)
    }

    async fn read<E, S>(
        &self,
        repo: &Repo<E, S>,
        file: BufReader<File>,
        path: &Path,
    ) -> Result<u64, Failure>
    where
        E: Entity<Tenancy = Shared>,
        S: Scope,
    {
        let read = match self.format {
            Format::JsonLines => repo.import_json_lines(file).await,
            Format::Csv => repo.import_csv(file).await,
        };
        read.map_err(|error| of_file(path, error))
    }

    fn moved(&self, providers: u64, models: u64) -> Moved {
        let files = [&self.providers, &self.models].map(|path| path.display().to_string());
        Moved { providers, models, files }
    }
}

impl Opened {
    /// Adds the rows as they were: all of them, or none.
    pub(crate) async fn import<S: Scope>(self, session: &Session<S>) -> Result<Moved, Failure> {
        let Self { files, providers, models } = self;
        session
            .transaction(async |tx| {
                // What is referred to comes first.
                let (to_providers, to_models) = (tx.repo::<Provider>(), tx.repo::<Model>());
                let providers = files.read(&to_providers, providers, &files.providers).await?;
                let models = files.read(&to_models, models, &files.models).await?;
                Ok(files.moved(providers, models))
            })
            .await
    }
}

async fn open(path: &Path) -> Result<BufReader<File>, Failure> {
    let file = File::open(path).await;
    let file = file.map_err(|source| Failure::Read { path: path.to_owned(), source })?;
    Ok(BufReader::new(file))
}

/// What is wrong with a file names it; what is not the file's fault does not.
fn of_file(path: &Path, error: Error) -> Failure {
    let is_of_file = error.line().is_some() || error.is_invalid_input();
    match is_of_file || matches!(error, Error::Io { .. }) {
        true => Failure::File { path: path.to_owned(), source: error },
        false => Failure::Database(error),
    }
}
