//! Templates that are made of other ones: those of the nodes of labs. Stores them; does not know
//! their content.

use super::sparse;
use super::template::{LENGTHS, Limits, Template, find_or_make};
use crate::image::store::{Store, artifact};
use std::fs::{self, File};
use std::io;
use std::path::Path;
use vm_test_protocol::failure::Failure;

/// The prefix of their keys.
const PREFIX: &str = "node-";

/// What is kept of them: one for each VM of a few labs.
const OF_NODES: Limits = Limits {
    prefix: PREFIX,
    kept: 24,
    bytes: 4 << 30,
};

impl Template {
    /// Returns the template that was made of this one with these inputs, if there is one that works.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn of_node(&self, store: &Store, words: &[&str]) -> Result<Option<Self>, Failure> {
        let key = self.key_of_node(words);
        let found = artifact::find(store, &key)?.map(|artifact| Self { artifact, key });
        Ok(found.filter(|template| template.damage().is_none()))
    }

    /// Returns the template that is made of this one with these inputs: `make` gets a directory with
    /// a copy of it, if there is none. `waiting` is called if another process is making it.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn with_node(
        &self,
        store: &Store,
        words: &[&str],
        waiting: impl Fn(),
        make: impl Fn(&Path) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        let key = self.key_of_node(words);
        let make = |aside: &Path| {
            self.copy_to(aside).map_err(|error| {
                Failure::new(format!("cannot write to {}: {error}", aside.display()))
            })?;
            make(aside)
        };
        let template = find_or_make(store, &key, OF_NODES, &waiting, &make)?;
        if template.damage().is_none() {
            return Ok(template);
        }
        template.discard(store)?;
        find_or_make(store, &key, OF_NODES, &waiting, &make)
    }

    fn key_of_node(&self, words: &[&str]) -> String {
        let parts: Vec<_> = [self.key.as_str()]
            .iter()
            .chain(words)
            .map(|word| word.as_bytes())
            .collect();
        artifact::key_of_this_boot(PREFIX, &parts)
    }

    /// Copies its files to an empty directory.
    fn copy_to(&self, aside: &Path) -> io::Result<()> {
        for entry in fs::read_dir(self.directory())? {
            let entry = entry?;
            if entry.file_name() != LENGTHS {
                let to = File::create_new(aside.join(entry.file_name()))?;
                sparse::copy(&File::open(entry.path())?, &to)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_nodes_template_is_made_once_of_a_copy_of_its_guests_and_anew_if_it_is_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let boot = |aside: &Path| {
            fs::write(aside.join("ram"), "booted").unwrap();
            Ok(())
        };
        let guests = Template::of(&store, &["a"], |_| (), || (), boot).unwrap();
        let made = Cell::new(0);
        let configure = |aside: &Path| {
            made.set(made.get() + 1);
            let ram = fs::read_to_string(aside.join("ram")).unwrap();
            assert!(!aside.join(LENGTHS).exists());
            fs::write(aside.join("ram"), format!("{ram}, configured")).unwrap();
            Ok(())
        };
        assert!(guests.of_node(&store, &["n"]).unwrap().is_none());
        for _ in 0..2 {
            let node = guests.with_node(&store, &["n"], || (), configure).unwrap();
            let ram = fs::read_to_string(node.directory().join("ram")).unwrap();
            assert_eq!((&*ram, made.get()), ("booted, configured", 1));
        }
        assert!(guests.of_node(&store, &["m"]).unwrap().is_none());
        // While it is in use, it is only set aside.
        let used = guests.of_node(&store, &["n"]).unwrap().unwrap();
        fs::write(used.directory().join("ram"), "cut").unwrap();
        assert!(guests.of_node(&store, &["n"]).unwrap().is_none());
        guests.with_node(&store, &["n"], || (), configure).unwrap();
        assert!(guests.of_node(&store, &["n"]).unwrap().is_some());
        assert_eq!(made.get(), 2);
        let ram = fs::read_to_string(guests.directory().join("ram")).unwrap();
        assert_eq!(ram, "booted");
    }
}
