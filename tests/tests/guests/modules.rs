//! `modules`: what the kernel of a guest has.

use crate::bench::{Bench, Kind};
use std::fs;

/// A module that no kernel has.
const NONE: &str = "vm_test_has_no_such_module";

#[test]
fn a_vm_has_its_modules_loaded_and_names_the_one_that_it_cannot_load() {
    let bench = Bench::new(Kind::Vm, "modules = [\"dummy\", \"8021q\"]\n");
    let seen = bench.output(
        "ls -d /sys/module/dummy /sys/module/8021q && ip link add d0 type dummy \
         && ip link add link d0 name d0.7 type vlan id 7 && ip -o link show d0.7 | cut -d: -f2",
    );
    assert_eq!(seen, "/sys/module/8021q\n/sys/module/dummy\n d0.7@d0\n");
    bench.set(&format!("modules = [\"dummy\", \"{NONE}\"]\n"));
    let failure = bench.failure();
    let words =
        format!("cannot load the kernel module {NONE}: modprobe: FATAL: Module {NONE} not found");
    assert!(failure.contains(&words), "{failure}");
}

#[test]
fn a_container_has_the_hosts_modules_and_names_the_one_that_is_missing() {
    let present = fs::read_dir("/sys/module").unwrap().flatten();
    let present: Vec<_> = present
        .map(|it| it.file_name().into_string().unwrap())
        .collect();
    let bench = Bench::new(
        Kind::Container,
        &format!("modules = [\"{}\"]\n", present[0]),
    );
    assert_eq!(bench.output("echo started"), "started\n");
    bench.set(&format!("modules = [\"{}\", \"{NONE}\"]\n", present[0]));
    assert_eq!(
        bench.failure(),
        format!(
            "error: cannot start guest `container`: a container shares the host's kernel, and this one has no module \
             `{NONE}`, neither built in nor loaded\n\
             hint: use a VM, as in backend = \"kvm\", which has a kernel of its own; or load it on the host: modprobe {NONE}\n"
        )
    );
}
