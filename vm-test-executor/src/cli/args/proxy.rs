//! The grammar of `vm-test proxy`: Vaurien's options, from the table of the crate that knows them.

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use std::path::PathBuf;
use vm_test_faults::vaurien::TABLE;

#[derive(Debug, Args)]
pub(in super::super) struct ProxyArgs {
    /// Read a file of Vaurien; what it says counts more than the command line
    #[arg(long, value_name = "FILE")]
    pub(in super::super) config: Option<PathBuf>,
    /// How much is logged
    #[arg(long, value_name = "LEVEL", default_value = "info", ignore_case = true)]
    #[arg(value_parser = ["critical", "error", "warning", "info", "debug"])]
    pub(in super::super) log_level: String,
    #[command(flatten)]
    pub(in super::super) settings: ProxySettings,
}

/// The options that were given: section, key, value.
#[derive(Debug)]
pub(in super::super) struct ProxySettings(pub(in super::super) Vec<(String, String, String)>);

impl Args for ProxySettings {
    fn augment_args(command: Command) -> Command {
        TABLE.iter().fold(command, |command, row| {
            let arg = Arg::new(row.name).long(row.name).help(row.help);
            let arg = arg.value_name("VALUE");
            command.arg(if row.is_flag {
                arg.num_args(0..=1)
                    .require_equals(true)
                    .default_missing_value("true")
            } else {
                arg.allow_hyphen_values(true)
            })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ProxySettings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = TABLE.iter().filter_map(|row| {
            let value = matches.get_one::<String>(row.name)?;
            Some((row.section.to_owned(), row.key.to_owned(), value.clone()))
        });
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
