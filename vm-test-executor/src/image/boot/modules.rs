//! A kernel's modules: dependencies, loading order, which are optional and which are built in.
//!
//! Reads the indexes that depmod and the kernel's build made; loads nothing.

mod aliases;
mod name;
#[cfg(test)]
mod tests;

pub(super) use name::name_of;

use aliases::Aliases;
use std::collections::{BTreeMap, BTreeSet};

/// Modules that a VM needs before its root is mounted, and whether it cannot boot without them.
///
/// They are for its disks and the file systems on them, the agent's stream, randomness, and the
/// overlays of the root.
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
    // Rarely built as modules, but some kernels do.
    ("unix", false),
    ("binfmt_script", false),
];

/// More modules than any kernel needs before its root is mounted.
const MOST: usize = 1000;

/// Soft dependencies are optional: a VM boots even if one fails to load.
const SOFT: bool = false;

/// The contents of a kernel's indexes; a missing index is empty.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Indexes<'a> {
    /// `modules.dep`.
    pub(super) dependencies: &'a str,
    /// `modules.builtin`; `None` if it is missing, and then it is unknown what is built in.
    pub(super) built_in: Option<&'a str>,
    /// `modules.builtin.modinfo`.
    pub(super) built_in_words: &'a str,
    /// `modules.softdep`.
    pub(super) soft: &'a str,
    /// `modules.alias`.
    pub(super) aliases: &'a str,
}

/// A module to load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: String,
    /// Whether a VM cannot boot without it.
    pub(super) is_required: bool,
}

/// The modules of a kernel.
#[derive(Debug, Default)]
pub(super) struct Modules {
    /// Path and dependencies of each module, by name.
    files: BTreeMap<String, (String, Vec<String>)>,
    built_in: Option<BTreeSet<String>>,
    aliases: Aliases,
    /// Soft dependencies, by the module's name.
    soft: BTreeMap<String, Soft>,
}

#[derive(Debug, Default)]
struct Soft {
    before: Vec<String>,
    after: Vec<String>,
}

/// The loading order under construction.
#[derive(Default)]
struct Order {
    entries: Vec<Entry>,
    /// The position of each module; `None` while its dependencies are being visited.
    places: BTreeMap<String, Option<usize>>,
}

impl Modules {
    /// Parses the indexes.
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
        // Built-in modules list their soft dependencies in `modules.builtin.modinfo`.
        for words in indexes.built_in_words.split('\0') {
            if let Some((name, words)) = words.split_once(".softdep=") {
                modules.add_soft(name, words);
            }
        }
        modules
    }

    /// Parses `pre: a b post: c`; like modprobe, ignores words before the first label.
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

    /// Returns these modules and all their dependencies, each after its own dependencies.
    ///
    /// Built-in modules need no file; a required module that is neither a file nor built in is an
    /// error.
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
            // It was first visited as an optional dependency.
            Some(Some(at)) if is_required && !order.entries[*at].is_required => {
                order.entries[*at].is_required = true;
            }
            Some(_) => return Ok(()),
            None => {
                order.places.insert(name.clone(), None);
            }
        }
        if order.places.len() > MOST {
            return Err(format!("the kernel needs more than {MOST} modules to boot"));
        }
        let (own, needs) = self
            .files
            .get(&name)
            .ok_or_else(|| format!("its modules.dep names {path}, which has no line there"))?;
        let is_placed = order.places.get(&name).copied().flatten().is_some();
        if !is_placed {
            self.visit_soft(&name, order, |soft| soft.before.iter().chain(&[]));
        }
        // depmod lists the module to load first at the end.
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

    /// Visits soft dependencies, and ignores those that are missing or cannot be loaded.
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

    /// Returns the files that modprobe would load for this name.
    ///
    /// It may be an alias of several modules.
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
