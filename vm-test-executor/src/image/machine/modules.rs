//! A kernel's modules: which others each needs, in which order they are loaded, which are built in. Reads the indexes that
//! depmod made; loads nothing.

use std::collections::{BTreeMap, BTreeSet};

/// What a machine needs before it has its root file system: its disks, the agent's stream, randomness, and what the root
/// is put together from. Without those that must be there no machine boots.
pub(super) const WANTED: [(&str, bool); 8] = [
    ("virtio_pci", false),
    ("virtio_mmio", false),
    ("virtio_blk", true),
    ("virtio_console", true),
    ("virtio_rng", false),
    ("virtio_net", false),
    ("overlay", true),
    ("erofs", false),
];

/// More modules than this do not hang together.
const MOST: usize = 1000;

/// The modules of a kernel.
#[derive(Debug, Default)]
pub(super) struct Modules {
    /// Path and the paths of what it needs, by name.
    files: BTreeMap<String, (String, Vec<String>)>,
    built_in: BTreeSet<String>,
}

impl Modules {
    /// From `modules.dep` and `modules.builtin`.
    pub(super) fn parse(dependencies: &str, built_in: &str) -> Self {
        let files = dependencies.lines().filter_map(|line| {
            let (path, needs) = line.split_once(':')?;
            let needs = needs.split_whitespace().map(str::to_owned).collect();
            Some((name_of(path), (path.to_owned(), needs)))
        });
        Self {
            files: files.collect(),
            built_in: built_in.lines().map(name_of).collect(),
        }
    }

    /// The files of these modules and of all that they need, each after what it needs. What is built in needs no file; what
    /// is neither is named, if it must be there.
    pub(super) fn order(&self, wanted: &[(&str, bool)]) -> Result<Vec<String>, String> {
        let mut order = Vec::new();
        let mut seen = BTreeSet::new();
        for (name, required) in wanted {
            match self.files.get(*name) {
                Some((path, _)) => self.visit(path, &mut seen, &mut order)?,
                None if !required || self.built_in.contains(*name) => {}
                None => return Err(format!("the kernel has no module {name}")),
            }
        }
        Ok(order)
    }

    fn visit(
        &self,
        path: &str,
        seen: &mut BTreeSet<String>,
        order: &mut Vec<String>,
    ) -> Result<(), String> {
        if !seen.insert(path.to_owned()) {
            return Ok(());
        }
        if seen.len() > MOST {
            return Err("its modules.dep goes in a circle".to_owned());
        }
        let (_, needs) = self
            .files
            .get(&name_of(path))
            .ok_or_else(|| format!("its modules.dep names {path}, which has no line there"))?;
        // depmod writes what is loaded first at the end.
        for need in needs.iter().rev() {
            self.visit(need, seen, order)?;
        }
        order.push(path.to_owned());
        Ok(())
    }
}

/// A module's name is that of its file, with one kind of dash.
pub(super) fn name_of(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let name = file.split_once(".ko").map_or(file, |(name, _)| name);
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPENDENCIES: &str = "\
kernel/drivers/block/virtio_blk.ko.xz: kernel/drivers/virtio/virtio.ko.xz kernel/drivers/virtio/virtio_ring.ko.xz
kernel/drivers/virtio/virtio.ko.xz: kernel/drivers/virtio/virtio_ring.ko.xz
kernel/drivers/virtio/virtio_ring.ko.xz:
kernel/drivers/char/hw_random/virtio-rng.ko.xz: kernel/drivers/virtio/virtio.ko.xz kernel/drivers/virtio/virtio_ring.ko.xz
kernel/lost.ko: kernel/gone.ko
";

    fn names(wanted: &[(&str, bool)]) -> Result<Vec<String>, String> {
        let modules = Modules::parse(DEPENDENCIES, "kernel/fs/ext4/ext4.ko\n");
        let order = modules.order(wanted)?;
        Ok(order.iter().map(|path| name_of(path)).collect())
    }

    #[test]
    fn each_module_comes_once_and_after_what_it_needs() {
        let order = names(&[("virtio_rng", true), ("virtio_blk", true), ("ext4", true)]);
        assert_eq!(
            order.unwrap(),
            ["virtio_ring", "virtio", "virtio_rng", "virtio_blk"]
        );
    }

    #[test]
    fn what_is_missing_is_named_if_it_must_be_there() {
        assert_eq!(names(&[("erofs", false)]).unwrap(), [""; 0]);
        assert_eq!(
            names(&[("erofs", true)]).unwrap_err(),
            "the kernel has no module erofs"
        );
        assert_eq!(
            names(&[("lost", true)]).unwrap_err(),
            "its modules.dep names kernel/gone.ko, which has no line there"
        );
    }

    #[test]
    fn a_circle_ends() {
        let modules = Modules::parse("a.ko: b.ko\nb.ko: a.ko\n", "");
        assert_eq!(modules.order(&[("a", true)]).unwrap(), ["b.ko", "a.ko"]);
    }
}
