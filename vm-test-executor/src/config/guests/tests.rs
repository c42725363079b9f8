//! Whose settings a guest starts from, and the message for each mistake in that.

use crate::config::{FILE, Guest, HOST, HOST_IMAGE, OtherKernel, Workspace};
use std::path::Path;
use vm_test_protocol::failure::Failure;
use vm_test_settings::guest::Setting;

fn guest(name: &str, text: &str) -> Result<Guest, Failure> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(FILE), text).unwrap();
    Workspace::find(dir.path())?.guest(name, &[])
}

#[test]
fn every_declared_guest_starts_from_the_defaults_and_the_built_in_one_does_not() {
    let text = "[guest.a]\ncpus = 3\n[guest-defaults]\ncpus = 2\nmemory = \"1G\"\n";
    let a = guest("a", text).unwrap();
    assert_eq!((a.cpus, a.memory), (3, 1 << 30));
    assert_eq!(guest(HOST, text).unwrap(), Guest::new(HOST).unwrap());
    let declared = format!("[guest.host]\n{text}");
    assert_eq!(guest(HOST, &declared).unwrap().cpus, 2);
}

#[test]
fn a_guest_takes_the_settings_of_the_guests_that_it_extends_in_their_order() {
    let text = "
        [guest-defaults]
        cpus = 2
        timeout = \"1m\"
        env = [\"A\"]
        [guest.top]
        extends = \"middle\"
        memory = \"3G\"
        [guest.middle]
        extends = \"bottom\"
        memory = \"2G\"
        timeout = \"2m\"
        [guest.bottom]
        memory = \"1G\"
        timeout = \"3m\"
        env = [\"B\"]
    ";
    for (name, memory, timeout) in [
        ("top", 3 << 30, 120_000),
        ("middle", 2 << 30, 120_000),
        ("bottom", 1 << 30, 180_000),
    ] {
        let guest = guest(name, text).unwrap();
        assert_eq!(
            (&*guest.name, guest.memory, guest.timeout, guest.cpus),
            (name, memory, timeout, 2)
        );
        // A list takes the place of another.
        assert_eq!(guest.env, ["B"], "{name}");
    }
}

#[test]
fn a_site_is_over_all_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let text = "[guest-defaults]\ncpus = 2\n[guest.a]\ncpus = 3\n[guest.b]\nextends = \"a\"\n";
    std::fs::write(dir.path().join(FILE), text).unwrap();
    let workspace = Workspace::find(dir.path()).unwrap();
    let guest = workspace.guest("b", &[Setting::Cpus(4)]).unwrap();
    assert_eq!(guest.cpus, 4);
}

#[test]
fn a_guest_can_extend_the_built_in_one_and_so_have_no_defaults() {
    let defaults = "[guest-defaults]\nimage = \"debian-12\"\n";
    let text = format!("{defaults}[guest.a]\nextends = \"host\"\ncpus = 2\n");
    let a = guest("a", &text).unwrap();
    assert_eq!((&*a.image, a.cpus), (HOST_IMAGE, 2));
    // Once it is declared, it starts from them as well.
    let text = format!("{text}[guest.host]\n");
    assert_eq!(guest("a", &text).unwrap().image, "debian-12");
}

#[test]
fn the_path_of_a_kernel_starts_at_the_file_wherever_it_was_set() {
    for text in [
        "[guest-defaults]\nkernel = \"boot/vmlinuz\"\n[guest.a]\n",
        "[guest.a]\nextends = \"b\"\n[guest.b]\nkernel = \"boot/vmlinuz\"\n",
    ] {
        let Some(OtherKernel::File(path)) = guest("a", text).unwrap().kernel else {
            panic!("{text} gives no kernel");
        };
        assert!(path.is_absolute(), "{}", path.display());
        assert!(path.ends_with(Path::new("boot/vmlinuz")));
    }
}

#[test]
fn each_mistake_is_named_with_its_line_and_its_remedy() {
    for (text, words, hint) in [
        (
            "[guest.a]\nextends = \"bsae\"\n[guest.base]\n",
            "cannot use guest `a`: cannot set `extends`: there is no guest `bsae` (in ",
            "did you mean `base`?",
        ),
        (
            "[guest.a]\nextends = \"nothing\"\n[guest.base]\n",
            "cannot use guest `a`: cannot set `extends`: there is no guest `nothing` (in ",
            "the guests are `a`, `base`, `host`; declare another as [guest.nothing] in ",
        ),
        (
            "[guest.a]\nextends = [\"base\"]\n[guest.base]\n",
            "cannot use guest `a`: cannot set `extends`: the value is not a name in quotes (in ",
            "write `extends = \"worker-1\"`",
        ),
        (
            "[guest.a]\nextend = \"base\"\n[guest.base]\n",
            "cannot use guest `a`: cannot set `extend`: there is no such key (in ",
            "did you mean `extends`?",
        ),
        (
            "[guest.a]\nextends = \"a\"\n",
            "cannot use guest `a`: cannot set `extends`: the guests form a cycle: `a` → `a` (in ",
            "remove `extends` from one of them",
        ),
        (
            "[guest.b]\nextends = \"c\"\n[guest.c]\nextends = \"b\"\n[guest.a]\nextends = \"b\"\n",
            "cannot use guest `a`: cannot set `extends`: the guests form a cycle: `b` → `c` → `b` (in ",
            "remove `extends` from one of them",
        ),
        (
            "[guest.base]\nmemroy = \"1G\"\n[guest.a]\nextends = \"base\"\n",
            "cannot use guest `a`: cannot set `memroy`: there is no such key (in ",
            "did you mean `memory`?",
        ),
        (
            "[guest.base]\nmemory = \"2T\"\n[guest.a]\nextends = \"base\"\n",
            "cannot use guest `a`: its memory of 2T is out of range (in ",
            "memory must be between ",
        ),
        (
            "[guest-defaults]\nmemroy = \"1G\"\n[guest.a]\n",
            "cannot use guest `a`: cannot set `memroy`: there is no such key (in ",
            "did you mean `memory`?",
        ),
        (
            "[guest-defaults]\nextends = \"host\"\n[guest.a]\n",
            "cannot use guest `a`: cannot set `extends`: there is no such key (in ",
            "it is a key of guests",
        ),
    ] {
        let error = guest("a", text).unwrap_err();
        assert!(error.message.contains(words), "{text} gave {error}");
        let line = if text.contains("\"c\"") { 4 } else { 2 };
        let place = format!("vm-test.toml, line {line})");
        assert!(error.message.ends_with(&place), "{text} gave {error}");
        let given = error.hint.unwrap();
        assert!(given.starts_with(hint), "{text} gave {given}");
    }
}

#[test]
fn a_mistake_is_only_of_the_guests_that_take_settings_from_there() {
    let text = "
        [guest-defaults]
        memroy = \"1G\"
        [guest.a]
        [guest.b]
        extends = \"host\"
        [guest.c]
        extends = \"c\"
    ";
    assert!(guest(HOST, text).is_ok());
    assert!(guest("b", text).is_ok());
    let text = text.replace("memroy", "memory");
    assert!(guest("a", &text).is_ok());
    assert!(guest("c", &text).is_err());
}
