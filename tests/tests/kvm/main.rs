//! Guests that are VMs, all emulated by QEMU, so that they are the same with and without /dev/kvm:
//! what needs a separate kernel, what copies of one template have in common, and what happens when
//! a part is missing.

mod accelerators;
mod again;
mod booted;
mod boots;
mod clock;
mod copies;
mod damage;
mod impostor;
mod kernel;
mod own_image;
mod patience;
mod spares;
mod workspaces;

use serde_json::Value;
use std::time::Duration;
use vm_test_tests::fixture::Fixture;
use vm_test_tests::host::Host;

/// How long a run may take if VMs must boot first.
const LIMIT: Duration = Duration::from_secs(240);

/// Returns a host with these images, and the built fixture.
fn prepared(images: &[&str]) -> (Host, Fixture) {
    let host = Host::new().with_shared_store();
    let fixture = Fixture::new("kvm");
    fixture.build(&host);
    host.build_images(fixture.directory(), images);
    (host, fixture)
}

/// Returns the files that VMs of an image boot from, by name.
fn files_of_machine(host: &Host, image: &str) -> Value {
    let mut command = host.vm_test();
    command.args(["image", "machine", image, "--json"]);
    let output = command.output().expect("vm-test starts");
    serde_json::from_slice(&output.stdout).expect("a report")
}
