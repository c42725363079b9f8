//! Distributions whose recipes come with vm-test: each runs a test in a container and on a VM, and
//! what is missing for one is named.

use super::vm_test;
use std::fs;
use std::path::Path;
use std::process::Command;
use vm_test_tests::fixture::{Fixture, Runner, text_of};
use vm_test_tests::host::Host;

/// The image of Ubuntu whose recipe names the keys of those who sign its packages.
const UBUNTU: &str = "ubuntu-24.04-with-keys";

/// The file with these keys.
const KEYS: &str = "ubuntu-archive-keyring.gpg";

/// Returns the command that builds this image in a workspace, which gets the recipe for it.
fn build(host: &Host, workspace: &Path) -> Command {
    let images = workspace.join("images");
    fs::create_dir_all(&images).unwrap();
    let recipe = include_str!("../../../images/ubuntu-24.04.toml");
    let recipe = format!("keyring = {KEYS:?}\n{recipe}");
    fs::write(images.join(format!("{UBUNTU}.toml")), recipe).unwrap();
    let mut build = host.vm_test();
    build.args(["image", "build", UBUNTU]);
    build.current_dir(workspace);
    build
}

#[test]
fn a_release_whose_keys_are_missing_is_refused_by_name_before_anything_is_made() {
    let host = Host::new();
    let workspace = tempfile::tempdir().unwrap();
    let output = build(&host, workspace.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text_of(&output),
        format!(
            "error: cannot bootstrap Ubuntu noble: there is no {}, whose keys verify its packages\n\
             hint: `keyring` in the recipe names the file, beside the recipe\n",
            workspace.path().join("images").join(KEYS).display()
        )
    );
}

mod in_full {
    //! What fetches whole systems.

    use super::*;

    /// Builds an image, and runs a test of the fixture on a guest of it: a container, and a VM.
    fn runs(image: &str, test: &str, guest: &str) {
        let host = Host::new().with_shared_store();
        let fixture = Fixture::new("distributions");
        fixture.build(&host);
        if image == UBUNTU {
            build_with_keys(&host, &fixture);
        } else {
            vm_test(&host, &fixture, &["image", "build", image]);
        }
        for guest in [guest, &format!("{guest}_vm")] {
            let test = format!("{test}_on_{guest}");
            let run = fixture.run(&host, Runner::Nextest, &test);
            assert!(run.success, "{test}: {}", run.text);
        }
    }

    /// Builds Ubuntu with the keys that a package of Debian 13 has.
    fn build_with_keys(host: &Host, fixture: &Fixture) {
        let image = "ubuntu-keys";
        vm_test(host, fixture, &["image", "build", image]);
        let keys = format!("/usr/share/keyrings/{KEYS}");
        let shown = ["run", "--image", image, "host", "--", "cat", &keys];
        let keys = vm_test(host, fixture, &shown).stdout;
        let workspace = tempfile::tempdir().unwrap();
        let mut build = build(host, workspace.path());
        fs::write(workspace.path().join("images").join(KEYS), keys).unwrap();
        let output = build.output().unwrap();
        assert!(output.status.success(), "{}", text_of(&output));
    }

    #[test]
    fn debian_12_runs_a_test_in_a_container_and_on_a_vm() {
        runs("debian-12", "debian_12", "debian_12");
    }

    #[test]
    fn debian_13_runs_a_test_in_a_container_and_on_a_vm() {
        runs("debian-13", "debian_13", "debian_13");
    }

    #[test]
    fn ubuntu_24_04_runs_a_test_in_a_container_and_on_a_vm() {
        runs(UBUNTU, "ubuntu_24_04", "ubuntu");
    }
}
