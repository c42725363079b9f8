//! Which guests a file gives, and the message for each mistake in it.

use super::*;

fn workspace(text: &str) -> Result<Workspace, Failure> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(FILE), text).unwrap();
    Workspace::find(dir.path())
}

#[test]
fn a_workspace_decides_what_guest_host_starts_from() {
    let text = "[guest.deb12]\nimage = \"debian-12\"\nmemory = \"1G\"\n[guest.host]\nextends = \"deb12\"\n";
    let guest = workspace(text).unwrap().guest(HOST, &[]).unwrap();
    assert_eq!(
        (&*guest.name, &*guest.image, guest.memory),
        (HOST, "debian-12", 1 << 30)
    );
}

#[test]
fn the_file_is_over_the_defaults_and_the_site_over_the_file() {
    let workspace = workspace("[guest.worker-1]\nmemory = \"1G\"\ntimeout = \"5m\"\n").unwrap();
    let guest = workspace
        .guest("worker-1", &[Setting::Timeout(1000)])
        .unwrap();
    assert_eq!(
        (guest.memory, guest.timeout, guest.cpus),
        (1 << 30, 1000, 1)
    );
}

#[test]
fn mistakes_are_named_with_their_place_and_their_cure() {
    for (text, words, hint) in [
        (
            "[guest.a]\nmemroy = \"1G\"\n",
            "cannot use guest `a`: cannot set `memroy`: there is no such key (in ",
            "did you mean `memory`?",
        ),
        (
            "[guest.a]\nmemory = \"2T\"\n",
            "its memory of 2T is out of range (in ",
            "memory must be between 16M and 1T",
        ),
        (
            "[guest.a]\ntimeout = \"0s\"\n",
            "its timeout of 0 is out of range (in ",
            "timeout must be between 1ms and 24h",
        ),
        (
            "[guest.a]\ndevices = [\"/dev/sda\"]\n",
            "there is no device \"/dev/sda\" to give (in ",
            "the devices are ",
        ),
    ] {
        let workspace = workspace(text).unwrap();
        let error = workspace.guest("a", &[]).unwrap_err();
        assert!(error.message.contains(words), "{text} gave {error}");
        assert!(error.message.ends_with("vm-test.toml, line 2)"), "{error}");
        assert!(error.hint.unwrap().starts_with(hint), "{text}");
    }
}

#[test]
fn what_is_wrong_with_one_guest_is_nothing_to_the_others() {
    let text = "[guest.a]\nmemroy = \"1G\"\n[guest.b]\nmemory = \"1\"\n[guest.c]\ncpus = 2\n";
    let workspace = workspace(text).unwrap();
    assert_eq!(workspace.guest("c", &[]).unwrap().cpus, 2);
    assert!(workspace.guest(HOST, &[]).is_ok());
    for broken in ["a", "b"] {
        assert!(workspace.guest(broken, &[]).is_err());
    }
}

#[test]
fn what_is_in_no_table_of_a_guest_or_lab_is_refused_for_all_with_its_line() {
    for (text, words, hint) in [
        (
            "memory = \"1G\"\n",
            "line 1: there is no `memory` outside of the tables of guests and labs",
            "settings stand below",
        ),
        (
            "\n[guests.a]\n",
            "line 2: there is no `guests` outside",
            "a guest is declared as",
        ),
        (
            "[worker]\n",
            "line 1: there is no `worker` outside",
            "it declares guests",
        ),
        (
            "[guest]\nmemory = \"1G\"\n",
            "line 2: there is no `memory` in [guest]",
            "settings stand below",
        ),
        (
            "guest = 3\n",
            "line 1: there is no `guest` outside",
            "a guest is declared as",
        ),
        (
            "[defaults]\nmemory = \"1G\"\n",
            "line 1: there is no `defaults` outside",
            "settings that all guests start from stand in [guest-defaults]",
        ),
        (
            "[guest_defaults]\n",
            "line 1: there is no `guest_defaults` outside",
            "settings that all guests start from stand in [guest-defaults]",
        ),
        (
            "guest-defaults = \"a\"\n",
            "line 1: there is no `guest-defaults` outside",
            "settings that all guests start from stand in [guest-defaults]",
        ),
        (
            "\n[labs.office]\n",
            "line 2: there is no `labs` outside",
            "a lab is declared as in [lab.office.nodes]",
        ),
        (
            "lab = []\n",
            "line 1: there is no `lab` outside",
            "a lab is declared as in [lab.office.nodes]",
        ),
        (
            "[lab]\noffice = 3\n",
            "line 2: there is no `office` in [lab]",
            "a lab is declared as in [lab.office.nodes]",
        ),
        (
            "[lab.\"../x\".nodes]\n",
            "line 1: cannot use \"../x\" as the name of a lab: `/` is not allowed in a name",
            "use 1 to 63",
        ),
        (
            "[guest.\"../x\"]\n",
            "cannot use \"../x\" as the name of a guest",
            "use 1 to 63",
        ),
        ("[guest.a\n", "TOML parse error at line 1, column 9", ""),
    ] {
        let error = workspace(text).unwrap_err();
        assert!(error.message.contains(words), "{text} gave {error}");
        let given = error.hint.unwrap_or_default();
        assert!(given.starts_with(hint), "{text} gave {given}");
    }
}

#[test]
fn what_is_no_file_is_refused_and_not_passed_by() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join(FILE)).unwrap();
    let error = Workspace::find(dir.path()).unwrap_err();
    assert!(error.message.ends_with("it is a directory"), "{error}");
    assert!(error.hint.is_some());
    std::fs::remove_dir(dir.path().join(FILE)).unwrap();
    std::os::unix::fs::symlink("/nowhere", dir.path().join(FILE)).unwrap();
    assert!(Workspace::find(dir.path()).is_err());
}

#[test]
fn an_undeclared_guest_is_refused_with_the_names_there_are() {
    let error = workspace("[guest.a]\n")
        .unwrap()
        .guest("another", &[])
        .unwrap_err();
    assert!(
        error
            .hint
            .unwrap()
            .starts_with("the guests are `a`, `host`;")
    );
    assert!(workspace("").unwrap().guest(HOST, &[]).is_ok());
    let error = workspace("[guest.worker-1]\n")
        .unwrap()
        .guest("wroker-1", &[]);
    let hint = error.unwrap_err().hint;
    assert_eq!(hint.as_deref(), Some("did you mean `worker-1`?"));
}
