//! `vm-test guests`, `config`, `--verbose` and `image rm`: what they print for a user's own
//! workspace. Knows no setting's effect.

use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use vm_test_tests::host::Host;
use vm_test_tests::process::{Finished, Running};

const GUESTS: &str = "\
[guest-defaults]
timeout = \"2m\"

[guest.deb12]
image = \"debian-12\"

[guest.deb12-vm]
extends = \"deb12\"
backend = \"kvm\"
";

/// Returns a directory that guests, whose root is another user of the host, can enter.
pub(crate) fn place() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(place.path(), open).unwrap();
    place
}

pub(crate) fn vm_test(host: &Host, directory: &Path, args: &[&str]) -> Finished {
    Running::start(host.vm_test().args(args).current_dir(directory)).finish()
}

#[test]
fn guests_are_shown_with_the_place_of_each_setting() {
    let (host, place) = (Host::new(), place());
    let none = vm_test(&host, place.path(), &["guests"]);
    assert_eq!(
        none.out,
        "host: lxc over the host's root\n  all settings are defaults\n"
    );
    assert!(
        none.err.contains("there is no vm-test.toml here or above"),
        "{none:?}"
    );

    fs::write(place.path().join("vm-test.toml"), GUESTS).unwrap();
    let all = vm_test(&host, place.path(), &["guests"]);
    assert_eq!(
        all.out,
        "host: lxc over the host's root\n  all settings are defaults\n\n\
         deb12: lxc image debian-12\n  \
           image    \"debian-12\"  vm-test.toml:5 [guest.deb12]\n  \
           timeout  \"2m\"         vm-test.toml:2 [guest-defaults]\n  \
           22 more are defaults\n\n\
         deb12-vm: kvm image debian-12, extends deb12\n  \
           backend  \"kvm\"        vm-test.toml:9 [guest.deb12-vm]\n  \
           image    \"debian-12\"  vm-test.toml:5 [guest.deb12]\n  \
           timeout  \"2m\"         vm-test.toml:2 [guest-defaults]\n  \
           21 more are defaults\n"
    );
    let one = vm_test(&host, place.path(), &["guests", "deb12-vm"]);
    for line in [
        "  memory        \"512M\"       default\n",
        "  kernel        the image's  default\n",
    ] {
        assert!(one.out.contains(line), "{}", one.out);
    }
    let json = vm_test(&host, place.path(), &["guests", "--json", "deb12-vm"]).json();
    let timeout = &json[0]["settings"]["timeout"];
    assert_eq!(timeout["value"], "2m");
    assert_eq!(timeout["from"], "guest-defaults");
    assert_eq!(timeout["line"], 2);
    assert_eq!(json[0]["settings"]["cpus"]["from"], "default");
    let unknown = vm_test(&host, place.path(), &["guests", "deb13"]);
    assert_eq!(unknown.code(), Some(1));
    assert!(
        unknown.err.contains("hint: did you mean `deb12`?\n"),
        "{unknown:?}"
    );
}

#[test]
fn a_check_reports_all_mistakes_at_once() {
    let (host, place) = (Host::new(), place());
    let root = place.path();
    let none = vm_test(&host, root, &["config", "check"]);
    assert_eq!(none.code(), Some(1));
    assert!(
        none.err
            .contains("error: cannot check the configuration: there is no vm-test.toml")
    );

    fs::write(root.join("vm-test.toml"), GUESTS).unwrap();
    let good = vm_test(&host, root, &["config", "check"]);
    assert_eq!(good.code(), Some(0), "{good:?}");
    assert!(
        good.err
            .ends_with("vm-test.toml is right: 2 guests, 0 labs, 1 image\n"),
        "{good:?}"
    );

    let wrong = "\
[guest.a]
memory = 512
[guest.b]
extends = \"a\"
[guest.c]
image = \"mine\"
[guest.d]
image = \"never-heard-of\"
[lab.x.nodes]
gw = { guest = \"e\" }
";
    fs::write(root.join("vm-test.toml"), wrong).unwrap();
    fs::create_dir(root.join("images")).unwrap();
    fs::write(root.join("images/mine.toml"), "bsae = \"host\"\n").unwrap();
    let bad = vm_test(&host, root, &["config", "check"]);
    assert_eq!(bad.code(), Some(1));
    assert_eq!(bad.out, "");
    for words in [
        "warning: there is no recipe of image `never-heard-of` here, and the store has no such image",
        "error: cannot use guest `a`: cannot set `memory`: the value is not a size in quotes",
        "hint: write `memory = \"512M\"`",
        "error: cannot use node `gw` of lab `x`: cannot set `guest`: there is no guest `e`",
        "unknown field `bsae`",
        "hint: did you mean `base`?",
        "vm-test.toml: 3 mistakes in it or in what it names\n",
    ] {
        assert!(bad.err.contains(words), "{words}: {}", bad.err);
    }
    assert!(
        !bad.err.contains("guest `b`"),
        "a mistake is told once: {}",
        bad.err
    );
    let json = vm_test(&host, root, &["config", "check", "--json"]).json();
    assert_eq!(json.as_array().map(Vec::len), Some(3), "{json}");
    assert!(json[0]["hint"].is_string(), "{json}");
}

#[test]
fn both_schemas_are_printed() {
    let (host, place) = (Host::new(), place());
    for (args, title, key) in [
        (
            &["config", "schema"][..],
            "vm-test.toml",
            "/properties/guest",
        ),
        (
            &["config", "schema", "recipe"],
            "images/NAME.toml",
            "/properties/base",
        ),
    ] {
        let schema: Value = vm_test(&host, place.path(), args).json();
        assert_eq!(schema["title"], title);
        assert!(schema.pointer(key).is_some(), "{schema}");
    }
}

#[test]
fn verbose_says_which_file_and_settings_count_and_how_long_it_took() {
    let (host, place) = (Host::new(), place());
    let text = "[guest.a]\nmemory = \"256M\"\ncpus = 2\n";
    fs::write(place.path().join("vm-test.toml"), text).unwrap();
    let args = ["run", "-v", "--memory", "128M", "a", "--", "true"];
    let loud = vm_test(&host, place.path(), &args);
    assert_eq!(loud.code(), Some(0), "{loud:?}");
    for words in [
        "vm-test: guests are those of ",
        "vm-test: memory = \"256M\", which an option overrides\n",
        "vm-test: cpus = 2, from line 3, [guest.a]\n",
        "vm-test: instance a-",
    ] {
        assert!(loud.err.contains(words), "{words}: {}", loud.err);
    }
    let quiet = vm_test(&host, place.path(), &["run", "a", "--", "true"]);
    assert_eq!(quiet.err, "");
}

#[test]
fn image_rm_takes_several_names_and_removes_what_it_can() {
    let (host, place) = (Host::new(), place());
    let root = place.path();
    for directory in ["root/bin", "images"] {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    fs::write(root.join("root/bin/sh"), "").unwrap();
    let store = root.join("store").display().to_string();
    let image = |args: &[&str]| {
        let mut command = host.vm_test();
        command.arg("image").args(args).current_dir(root);
        Running::start(command.env("VM_TEST_STORE", &store)).finish()
    };
    for name in ["one", "two"] {
        let import = image(&["import", name, "dir:root"]);
        assert_eq!(import.code(), Some(0), "{import:?}");
    }
    let removed = image(&["rm", "one", "never-heard-of", "two"]);
    assert_eq!(removed.code(), Some(1), "{removed:?}");
    for words in [
        "removed image `one`\n",
        "removed image `two`\n",
        "never-heard-of",
    ] {
        assert!(removed.err.contains(words), "{words}: {removed:?}");
    }
    assert_eq!(image(&["list", "--json"]).json(), serde_json::json!([]));
}
