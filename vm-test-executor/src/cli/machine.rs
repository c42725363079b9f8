//! `vm-test image machine`: makes the files that VMs of an image boot from, and prints where they
//! are.

use super::output::{remark, say, say_json};
use crate::image::{Initramfs, Machine, Store, images};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;
use vm_test_protocol::failure::Failure;

/// Makes the files, and an initramfs that starts another program than the agent, if one is given.
pub(super) fn run(
    store: &Store,
    name: &str,
    init: Option<&Path>,
    as_json: bool,
) -> Result<(), Failure> {
    let (image, _held) = images::hold(store, name)?;
    let began = Instant::now();
    let machine = Machine::of(store, &image, || {
        remark(&format!("making the VM files of image `{name}`"));
    })?;
    let initramfs = init
        .map(|init| Initramfs::of(store, &machine, init, &BTreeMap::new()))
        .transpose()?;
    let record = machine.record();
    remark(&format!(
        "a VM of image `{name}` has kernel {} and {} modules ({:.1} s)",
        record.kernel.release,
        record.modules.len(),
        began.elapsed().as_secs_f64()
    ));
    let initramfs = initramfs.map(|initramfs| initramfs.file());
    let files = [
        ("root", Some(machine.root())),
        ("vmlinuz", Some(machine.vmlinuz())),
        ("vmlinux", machine.vmlinux()),
        ("initramfs", initramfs),
    ];
    if as_json {
        let mut report = json!({
            "key": machine.key(),
            "kernel": record.kernel.release,
            "modules": record.modules,
        });
        for (name, path) in files {
            report[name] = json!(path);
        }
        return say_json(&report);
    }
    let lines = files.iter().filter_map(|(name, path)| {
        let path = path.as_ref()?;
        Some(format!("{name:<10}{}\n", path.display()))
    });
    say(&lines.collect::<String>())
}
