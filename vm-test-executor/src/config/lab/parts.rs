//! The tables of a lab's networks and nodes: their names, their order, and how many there may be.
//! Does not know what is in one.

use crate::config::mistake::{Mistake, line};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};
use vm_test_settings::form::Refusal;
use vm_test_settings::label;

/// The maximum number of networks: each is a bridge that one test asks of the kernel.
pub(super) const MOST_NETWORKS: usize = 16;

/// The maximum number of nodes: even at 64 MiB each they take 2 GiB, and all of them start at once.
pub(super) const MOST_NODES: usize = 32;

/// The key of a lab whose nodes and links are in a file of containerlab.
pub(super) const CONTAINERLAB: &str = "containerlab";

/// What a lab has several of.
#[derive(Debug)]
pub(super) struct Kind {
    /// The key of the table that they are in.
    pub(super) key: &'static str,
    noun: &'static str,
    most: usize,
    /// The name and the table of one, for hints.
    example: [&'static str; 2],
}

pub(super) const NETWORKS: Kind = Kind {
    key: "networks",
    noun: "network",
    most: MOST_NETWORKS,
    example: ["lan", "{}"],
};

pub(super) const NODES: Kind = Kind {
    key: "nodes",
    noun: "node",
    most: MOST_NODES,
    example: ["gw", "{ guest = \"host\" }"],
};

/// A network or a node.
#[derive(Debug)]
pub(super) struct Part<'t, 'i> {
    pub(super) name: &'t str,
    /// The number of the line of its name.
    pub(super) line: usize,
    pub(super) table: &'t DeTable<'i>,
    /// What it is called in messages, as in "node `gw`".
    pub(super) title: String,
}

/// Returns the networks or nodes of a lab's table, in the order of the file.
pub(super) fn read<'t, 'i>(
    text: &str,
    lab: &'t DeTable<'i>,
    kind: &Kind,
) -> Result<Vec<Part<'t, 'i>>, Mistake> {
    let Some((key, found)) = lab.get_key_value(kind.key) else {
        return Ok(Vec::new());
    };
    let mistake = |span, refusal| Mistake::of_key(line(text, span), kind.key, refusal);
    let Some(tables) = found.get_ref().as_table() else {
        let [name, table] = kind.example;
        let hint = format!("write `{} = {{ {name} = {table} }}`", kind.key);
        return Err(mistake(
            key.span(),
            Refusal::new("the value is not a table", hint),
        ));
    };
    let mut tables: Vec<_> = tables.iter().collect();
    tables.sort_by_key(|(name, _)| name.span().start);
    if let Some((name, _)) = tables.get(kind.most) {
        let refusal = Refusal::new(
            format!("there are {}", tables.len()),
            format!("a lab has at most {} {}", kind.most, kind.key),
        );
        return Err(mistake(name.span(), refusal));
    }
    tables
        .into_iter()
        .map(|(name, found)| part(text, kind, name, found))
        .collect()
}

fn part<'t, 'i>(
    text: &str,
    kind: &Kind,
    name: &'t Spanned<DeString<'i>>,
    found: &'t Spanned<DeValue<'i>>,
) -> Result<Part<'t, 'i>, Mistake> {
    let line = line(text, name.span());
    let name: &str = name.get_ref();
    let title = format!("{} `{}`", kind.noun, name.escape_debug());
    let mistake = |refusal| Mistake::new(line, refusal).within(&title);
    label::check(name).map_err(mistake)?;
    let Some(table) = found.get_ref().as_table() else {
        let [_, example] = kind.example;
        let hint = format!("write `{name} = {example}`");
        return Err(mistake(Refusal::new("it is not a table", hint)));
    };
    Ok(Part {
        name,
        line,
        table,
        title,
    })
}
