//! Tests of a published crate that want a second network interface: on a node of a lab there is one.

use std::fs;
use std::path::Path;
use std::process::Command;
use vm_test_tests::fixture::text_of;
use vm_test_tests::host::Host;
use vm_test_tests::publication::unpack;

/// A lab with one node, on one network.
const LAB: &str = r#"
[guest.machine]
backend = "kvm"
image = "debian-12"

[lab.single.networks]
lan = {}

[lab.single.nodes]
peer = { guest = "machine", networks = ["lan"] }
"#;

/// Debian 12's kernel, 6.1, has no links of this kind yet.
const TOO_NEW: &str = "create_get_delete_netkit";

#[test]
fn the_tests_of_rtnetlink_that_want_an_interface_pass_on_a_node_with_one() {
    let host = Host::new().with_shared_store();
    let dir = tempfile::tempdir().unwrap();
    let copy = unpack(&host, "rtnetlink", "0.24.0", dir.path());
    let tests = copy.join("src/link/test.rs");
    let text = fs::read_to_string(&tests).unwrap();
    let on_node = "#[vm_test::on_vm(lab = \"single\", node = \"peer\")]\n#[test]\n";
    fs::write(&tests, text.replace("#[test]\n", on_node)).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let manifest = copy.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let path = root.join("vm-test");
    let more = format!(
        "\n[dev-dependencies.vm-test]\npath = \"{}\"\n[workspace]\n",
        path.display()
    );
    fs::write(&manifest, text + &more).unwrap();
    fs::write(copy.join("vm-test.toml"), LAB).unwrap();
    let images = copy.join("images");
    fs::create_dir(&images).unwrap();
    fs::copy(
        root.join("images/debian-12.toml"),
        images.join("debian-12.toml"),
    )
    .unwrap();
    host.build_images(&copy, &["debian-12"]);
    let mut command = Command::new("cargo");
    let output = host
        .adopt(&mut command)
        .args(["test", "--lib", "--features", "test_as_root", "--"])
        .args(["link::test::", "--skip", TOO_NEW, "--test-threads=1"])
        .current_dir(&copy)
        .env("CARGO_TARGET_DIR", dir.path().join("target"))
        .env("CARGO_TERM_COLOR", "never")
        .output()
        .unwrap();
    let text = text_of(&output);
    assert!(output.status.success(), "{text}");
    let test = "test link::test::create_get_delete_macvlan ... ok";
    assert!(text.contains(test), "{text}");
}
