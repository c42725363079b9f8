//! VMs that are wanted again and again: one of them is saved once more with the host's files, and
//! those that are restored from that are as fresh as any.

use super::spares::{LONG, await_spares, machines, now, ready, run, template_of};
use std::collections::BTreeSet;
use std::time::Duration;
use vm_test_tests::host::Host;

/// More tests than it takes until one is saved, and until a spare is restored from that.
const MANY: usize = 12;

/// Returns whether the only spare was restored from a VM that was saved with the host's files.
fn is_of_configured(host: &Host) -> bool {
    await_spares(host, 1);
    let [spare] = machines(host)[..] else {
        panic!("{:?}", machines(host));
    };
    let template = template_of(host, spare);
    let name = template.file_name().unwrap().to_string_lossy();
    name.starts_with("node-")
}

#[test]
fn a_vm_that_is_wanted_again_and_again_is_restored_with_the_hosts_files_and_is_fresh() {
    let (host, fixture) = ready();
    let mut told = vec![run(&fixture, &host, LONG)];
    while !is_of_configured(&host) {
        assert!(told.len() < MANY, "none was saved");
        told.push(run(&fixture, &host, LONG));
    }
    // Its clock must be right although it was saved before, and has waited.
    std::thread::sleep(Duration::from_secs(3));
    for _ in 0..2 {
        assert!(is_of_configured(&host));
        let began = now();
        let last = run(&fixture, &host, LONG);
        let time = last.2;
        assert!(
            (began - 1.0..now() + 1.0).contains(&time),
            "{began} {last:?}"
        );
        told.push(last);
    }
    let numbers: BTreeSet<_> = told.iter().map(|it| &it.0).collect();
    let ids: BTreeSet<_> = told.iter().map(|it| &it.1).collect();
    assert_eq!((numbers.len(), ids.len()), (told.len(), told.len()));
}
