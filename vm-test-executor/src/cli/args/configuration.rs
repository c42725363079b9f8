//! The grammar of the commands for a workspace's configuration.

use crate::cli::help;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in super::super) struct InitArgs {
    /// The package that gets the first test [default: the one here]
    #[arg(long, short, value_name = "PACKAGE")]
    pub(in super::super) package: Option<String>,
    /// Where the crate vm-test is, in a clone [default: the registry]
    #[arg(long, value_name = "DIR")]
    pub(in super::super) path: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in super::super) struct GuestsArgs {
    /// Show these guests only, with all settings
    #[arg(value_name = "GUEST")]
    pub(in super::super) guests: Vec<String>,
    /// Show settings that are defaults, too
    #[arg(long)]
    pub(in super::super) all: bool,
    /// Print JSON for programs
    #[arg(long)]
    pub(in super::super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(in super::super) enum ConfigCommand {
    /// Report every mistake in the nearest vm-test.toml and in the recipes of its images
    #[command(after_long_help = help::CHECK_AFTER)]
    Check {
        /// Print JSON for programs: a list of { message, hint }
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON schema of vm-test.toml or of a recipe, for editors
    #[command(after_long_help = help::SCHEMA_AFTER)]
    Schema {
        /// The kind of file
        #[arg(value_enum, default_value = "workspace")]
        of: SchemaOf,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in super::super) enum SchemaOf {
    /// vm-test.toml
    Workspace,
    /// images/NAME.toml
    Recipe,
}
