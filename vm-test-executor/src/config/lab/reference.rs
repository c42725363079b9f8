//! The table of a lab whose nodes and links are in a file of containerlab: which file, which guests,
//! and which keys of nodes are passed over.

use super::containerlab::{self, Choice, Used};
use super::draft::Draft;
use super::parts::{CONTAINERLAB, NETWORKS, NODES};
use super::yaml;
use crate::config::document;
use crate::config::guests::Guests;
use crate::config::mistake::{Mistake, line, placed};
use crate::config::value::{check_keys, optional, text as word, write};
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};
use vm_test_protocol::failure::Failure;
use vm_test_settings::form::Refusal;

pub(super) const GUESTS: &str = "guests";
pub(super) const IGNORE: &str = "ignore";

/// A lab in another file.
#[derive(Debug)]
pub(in crate::config) struct Reference {
    path: String,
    /// The number of the line with the path.
    line: usize,
    guests: Vec<Mapping>,
    ignore: Vec<String>,
    ignore_line: usize,
}

/// The guest of a node, of an image or of a kind.
#[derive(Debug)]
struct Mapping {
    line: usize,
    of: String,
    guest: String,
}

impl Reference {
    /// Reads the table of a lab, if it names such a file.
    pub(super) fn read(text: &str, table: &DeTable<'_>) -> Result<Option<Self>, Mistake> {
        let path = optional(text, table, CONTAINERLAB, |found| {
            word(CONTAINERLAB, "path", "topo.clab.yml", found)
        })?;
        let Some((line_of_path, path)) = path else {
            return Ok(None);
        };
        for key in [NETWORKS.key, NODES.key] {
            optional(text, table, key, |_| -> Result<(), _> {
                let cause =
                    format!("the file that `{CONTAINERLAB}` names has the nodes and their links");
                Err(Refusal::new(cause, "leave one of the two out"))
            })?;
        }
        check_keys(text, table, &[CONTAINERLAB, GUESTS, IGNORE])?;
        let guests = optional(text, table, GUESTS, |found| mappings(text, found))?;
        let ignore = optional(text, table, IGNORE, words)?;
        let (ignore_line, ignore) = ignore.unwrap_or_default();
        Ok(Some(Self {
            path,
            line: line_of_path,
            guests: guests.map(|(_, guests)| guests).unwrap_or_default(),
            ignore,
            ignore_line,
        }))
    }

    /// Reads the file, whose path starts at the directory of `config`; returns its path, too.
    pub(in crate::config) fn draft(
        &self,
        lab: &str,
        config: &Path,
        guests: &Guests,
    ) -> Result<(PathBuf, Draft), Failure> {
        let whole = format!("lab `{lab}`");
        let of_table = |mistake: Mistake| mistake.failure(&whole, config);
        if let Some(mapping) = self.guests.iter().find(|it| !guests.has(&it.guest)) {
            let unknown = guests.unknown(&mapping.guest);
            return Err(of_table(Mistake::of_key(mapping.line, GUESTS, unknown)));
        }
        let path = config.parent().unwrap_or(Path::new("/")).join(&self.path);
        let text = document::read(&path, "no topology is so long").map_err(|failure| {
            let named = format!("`{CONTAINERLAB}` names the file");
            let failure = failure.reworded(|words| {
                placed(&format!("cannot use {whole}: {words}"), config, self.line)
            });
            failure.hint(named)
        })?;
        let by_name = self.guests.iter();
        let by_name = by_name
            .map(|it| (it.of.clone(), it.guest.clone()))
            .collect();
        let choice = Choice {
            guests: &by_name,
            ignore: &self.ignore,
        };
        let mut used = Used::default();
        let draft = yaml::parse(&text)
            .and_then(|file| containerlab::read(&file, &choice, &mut used))
            .map_err(|mistake| mistake.failure(&whole, &path))?;
        if let Some(unused) = self.guests.iter().find(|it| !used.names.contains(&it.of)) {
            let cause = format!(
                "{} has no node, image or kind `{}`",
                self.path,
                unused.of.escape_debug()
            );
            let refusal = Refusal::new(cause, "leave it out, or name one that is there");
            return Err(of_table(Mistake::of_key(unused.line, GUESTS, refusal)));
        }
        if let Some(unused) = self.ignore.iter().find(|it| !used.ignored.contains(*it)) {
            let cause = format!("no node in {} has `{}`", self.path, unused.escape_debug());
            let refusal = Refusal::new(cause, "leave it out");
            return Err(of_table(Mistake::of_key(self.ignore_line, IGNORE, refusal)));
        }
        Ok((path, draft))
    }
}

fn mappings(text: &str, found: &DeValue<'_>) -> Result<Vec<Mapping>, Refusal> {
    let wrong = || {
        Refusal::new(
            "the value is not a table of names in quotes",
            write(GUESTS, "{ linux = \"host\" }"),
        )
    };
    let table = found.as_table().ok_or_else(wrong)?;
    let mut mappings: Vec<_> = table.iter().collect();
    mappings.sort_by_key(|(name, _)| name.span().start);
    let read = |(of, guest): (
        &toml::Spanned<toml::de::DeString<'_>>,
        &toml::Spanned<DeValue<'_>>,
    )| {
        Ok(Mapping {
            line: line(text, of.span()),
            of: of.get_ref().to_string(),
            guest: guest.get_ref().as_str().ok_or_else(wrong)?.to_owned(),
        })
    };
    mappings.into_iter().map(read).collect()
}

fn words(found: &DeValue<'_>) -> Result<Vec<String>, Refusal> {
    let wrong = || {
        Refusal::new(
            "the value is not a list of keys in quotes",
            write(IGNORE, "[\"binds\"]"),
        )
    };
    let list = found.as_array().ok_or_else(wrong)?;
    let word = |found: &DeValue<'_>| found.as_str().map(str::to_owned).ok_or_else(wrong);
    list.iter().map(|found| word(found.get_ref())).collect()
}
