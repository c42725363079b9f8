//! A kernel's modules: their dependencies, the order in which they are loaded, which are optional, which are built
//! in. Reads the indexes that depmod and the kernel's build made; loads nothing.

mod aliases;
mod name;
#[cfg(test)]
mod tests;

pub(super) use name::name_of;

use aliases::Aliases;
use std::collections::{BTreeMap, BTreeSet};

/// What a machine needs before it has its root file system: its disks and what is on them, the agent's stream, randomness,
/// and what the root is put together from. Without those that must be there no machine boots.
pub(super) const WANTED: [(&str, bool); 11] = [
    ("virtio_pci", false),
    ("virtio_mmio", false),
    ("virtio_blk", true),
    ("virtio_console", true),
    ("virtio_rng", false),
    ("virtio_net", false),
    ("ext4", true),
    ("overlay", true),
    ("erofs", false),
    // Hardly anybody has these as modules, but nobody is kept from it.
    ("unix", false),
    ("binfmt_script", false),
];

/// More modules than this do not hang together.
const MOST: usize = 1000;

/// What modules are asked for as where a machine can do without: no failure of theirs ends it.
const SOFT: bool = false;

/// The texts of a kernel's indexes. Those that are not there are empty.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Indexes<'a> {
    /// `modules.dep`.
    pub(super) dependencies: &'a str,
    /// `modules.builtin`; without it nobody knows what is built in.
    pub(super) built_in: Option<&'a str>,
    /// `modules.builtin.modinfo`.
    pub(super) built_in_words: &'a str,
    /// `modules.softdep`.
    pub(super) soft: &'a str,
    /// `modules.alias`.
    pub(super) aliases: &'a str,
}

/// A module that is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: String,
    /// Whether no machine boots without it.
    pub(super) is_required: bool,
}

/// The modules of a kernel.
#[derive(Debug, Default)]
pub(super) struct Modules {
    /// Path and the paths of what it needs, by name.
    files: BTreeMap<String, (String, Vec<String>)>,
    built_in: Option<BTreeSet<String>>,
    aliases: Aliases,
    /// What is loaded before and after a module if it is there, by the module's name.
    soft: BTreeMap<String, Soft>,
}

#[derive(Debug, Default)]
struct Soft {
    before: Vec<String>,
    after: Vec<String>,
}

/// The order, as it grows.
#[derive(Default)]
struct Order {
    entries: Vec<Entry>,
    /// Where in the order a module is; nowhere as long as what it needs is being looked for.
    places: BTreeMap<String, Option<usize>>,
}

impl Modules {
    /// From the indexes.
    pub(super) fn parse(indexes: Indexes<'_>) -> Self {
        let files = indexes.dependencies.lines().filter_map(|line| {
            let (path, needs) = line.split_once(':')?;
            let needs = needs.split_whitespace().map(str::to_owned).collect();
            Some((name_of(path), (path.to_owned(), needs)))
        });
        let mut modules = Self {
            files: files.collect(),
            built_in: indexes
                .built_in
                .map(|names| names.lines().map(name_of).collect()),
            aliases: Aliases::parse(indexes.aliases),
            soft: BTreeMap::new(),
        };
        for line in indexes.soft.lines() {
            if let Some((name, words)) = line
                .strip_prefix("softdep ")
                .and_then(|rest| rest.trim_start().split_once(' '))
            {
                modules.add_soft(name, words);
            }
        }
        // What is built in says of itself what modules say in the indexes.
        for words in indexes.built_in_words.split('\0') {
            if let Some((name, words)) = words.split_once(".softdep=") {
                modules.add_soft(name, words);
            }
        }
        modules
    }

    /// As `pre: a b post: c`; as for modprobe, words before the first of these say nothing.
    fn add_soft(&mut self, name: &str, words: &str) {
        let soft = self.soft.entry(name_of(name)).or_default();
        let mut list = None;
        for word in words.split_whitespace() {
            match (word, &mut list) {
                ("pre:", _) => list = Some(&mut soft.before),
                ("post:", _) => list = Some(&mut soft.after),
                (word, Some(list)) => list.push(word.to_owned()),
                _ => {}
            }
        }
    }

    /// These modules and all that they need, each after what it needs. What is built in needs no file; what is neither is
    /// named, if it must be there.
    pub(super) fn order(&self, wanted: &[(&str, bool)]) -> Result<Vec<Entry>, String> {
        let mut order = Order::default();
        for &(name, is_required) in wanted {
            match self.files.get(name) {
                Some((path, _)) => match self.visit(path, is_required, &mut order) {
                    Err(cause) if is_required => return Err(cause),
                    _ => {}
                },
                None if self.is_built_in(name) => self.visit_soft(name, &mut order, |soft| {
                    soft.before.iter().chain(&soft.after)
                }),
                None if !is_required || self.built_in.is_none() => {}
                None => return Err(format!("the kernel has no module {name}")),
            }
        }
        Ok(order.entries)
    }

    fn is_built_in(&self, name: &str) -> bool {
        self.built_in
            .as_ref()
            .is_some_and(|names| names.contains(name))
    }

    fn visit(&self, path: &str, is_required: bool, order: &mut Order) -> Result<(), String> {
        let name = name_of(path);
        match order.places.get(&name) {
            // It was visited for one who can do without.
            Some(Some(at)) if is_required && !order.entries[*at].is_required => {
                order.entries[*at].is_required = true;
            }
            Some(_) => return Ok(()),
            None => {
                order.places.insert(name.clone(), None);
            }
        }
        if order.places.len() > MOST {
            return Err("its modules.dep goes in a circle".to_owned());
        }
        let (own, needs) = self
            .files
            .get(&name)
            .ok_or_else(|| format!("its modules.dep names {path}, which has no line there"))?;
        let is_placed = order.places.get(&name).copied().flatten().is_some();
        if !is_placed {
            self.visit_soft(&name, order, |soft| soft.before.iter().chain(&[]));
        }
        // depmod writes what is loaded first at the end.
        for need in needs.iter().rev() {
            self.visit(need, is_required, order)?;
        }
        if !is_placed {
            order.places.insert(name.clone(), Some(order.entries.len()));
            order.entries.push(Entry {
                path: own.clone(),
                is_required,
            });
            self.visit_soft(&name, order, |soft| soft.after.iter().chain(&[]));
        }
        Ok(())
    }

    /// Visits what would be good to have before or after a module. That it is not there, or cannot be loaded, is no trouble.
    fn visit_soft<'a, I>(&'a self, name: &str, order: &mut Order, which: impl Fn(&'a Soft) -> I)
    where
        I: Iterator<Item = &'a String>,
    {
        let Some(soft) = self.soft.get(name) else {
            return;
        };
        for wished in which(soft) {
            for path in self.files_for(wished) {
                let _ = self.visit(path, SOFT, order);
            }
        }
    }

    /// The files that modprobe would load for this name: the module's, or those of all modules that call themselves so, too.
    fn files_for(&self, name: &str) -> Vec<&str> {
        let own = name_of(name);
        if let Some((path, _)) = self.files.get(&own) {
            return vec![path];
        }
        if self.is_built_in(&own) {
            return Vec::new();
        }
        let named = self.aliases.modules(name);
        named
            .filter_map(|module| Some(self.files.get(module)?.0.as_str()))
            .collect()
    }
}
