//! The command line.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::search::ModelSearch;

/// Imports a registry of language models and answers questions about it.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) report: ReportArguments,
    /// The database: `sqlite://path` or `postgres://user:password@host/database`. Unless given, the
    /// environment's DATABASE_URL, or `model-router.db` in the current folder
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// Prints one JSON document instead of tables
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What is done instead of importing the registry and answering all questions.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Finds models, the cheapest first
    Search(ModelSearch),
    /// Writes models and providers to files that `import` reads, on any database
    Export {
        /// The file of the models, which ends in `.jsonl` or `.csv`; their providers go beside it
        file: PathBuf,
    },
    /// Adds the models and providers of files that `export` wrote, as they were
    Import {
        /// The file of the models, which ends in `.jsonl` or `.csv`; their providers are beside it
        file: PathBuf,
    },
}

/// What the import and the answers need to know.
#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// The registry to import, a JSON file. Unless given, the one that ships with the program
    #[arg(long, value_name = "PATH")]
    pub(crate) data: Option<PathBuf>,
    /// The day that decides which models are retired. Unless given, the current one
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) today: Option<NaiveDate>,
}

impl Arguments {
    /// The arguments of this process, which ends here where they make no sense.
    pub(crate) fn read() -> Self {
        let arguments = Self::parse();
        let is_of_report = arguments.report.data.is_some() || arguments.report.today.is_some();
        if arguments.command.is_some() && is_of_report {
            let message =
                "`--data` and `--today` are about the import of a registry, not about a command";
            Self::command().error(ErrorKind::ArgumentConflict, message).exit();
        }
        arguments
    }
}
