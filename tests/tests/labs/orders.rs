//! What a user changes about a lab that is held: the power of its nodes, and its links.

use super::{PATIENCE, TUN};
use std::fs::File;
use std::path::Path;
use vm_test_tests::census::Census;
use vm_test_tests::fixture::Fixture;
use vm_test_tests::host::Host;
use vm_test_tests::process::{Finished, Running};

/// A lab that is held, and how it is ordered about.
struct Held<'a> {
    host: &'a Host,
    fixture: &'a Fixture,
    lab: &'a str,
}

impl Held<'_> {
    #[track_caller]
    fn up<'a>(host: &'a Host, fixture: &'a Fixture, lab: &'a str) -> Held<'a> {
        let held = Held { host, fixture, lab };
        let up = held.run("up", &[]);
        assert_eq!(up.code(), Some(0), "{up:?}");
        held
    }

    fn run(&self, command: &str, args: &[&str]) -> Finished {
        let mut vm_test = self.host.vm_test();
        vm_test.args(["lab", command, self.lab]).args(args);
        Running::start(vm_test.current_dir(self.fixture.directory())).finish()
    }

    /// Orders something, which is done with these last words.
    #[track_caller]
    fn order(&self, command: &str, args: &[&str], words: &str) {
        let done = self.run(command, args);
        assert_eq!(done.code(), Some(0), "{done:?}");
        assert!(done.out.ends_with(&format!("{words}\n")), "{done:?}");
    }

    /// Orders something that is refused with these words.
    #[track_caller]
    fn refused(&self, command: &str, args: &[&str], words: &str) {
        let refused = self.run(command, args);
        assert_eq!(refused.code(), Some(1), "{refused:?}");
        assert!(refused.err.contains(words), "{refused:?}");
    }

    /// Runs a script on a node; returns its output if it succeeds.
    fn script(&self, node: &str, script: &str) -> Option<String> {
        let done = self.run("exec", &[node, "--", "sh", "-c", script]);
        (done.code() == Some(0)).then(|| done.out.trim().to_owned())
    }

    fn pings(&self, from: &str, to: &str) -> bool {
        let script = format!("ping -c1 -W2 {to} >/dev/null && echo");
        self.script(from, &script).is_some()
    }
}

#[test]
fn a_user_cuts_and_holds_links_of_a_held_lab_and_ends_and_starts_its_containers() {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    let before = Census::take(&host);
    let held = Held::up(&host, &fixture, "office");
    assert!(held.pings("a", "b"));
    held.order("link", &["a", "lan", "cut"], " to network lan is cut");
    assert!(!held.pings("a", "b"));
    let words = "cannot change the link of node `a` to network `lan`: it is cut or held already";
    held.refused("link", &["a", "lan", "hold"], words);
    held.order("link", &["a", "lan", "release"], " is whole");
    assert!(held.pings("a", "b"));
    let words = "cannot release the link of node `a` to network `lan`: it is neither cut nor held";
    held.refused("link", &["a", "lan", "release"], words);
    held.order("link", &["a", "lan", "hold"], " is held");
    assert!(!held.pings("a", "b"));
    let released = held.run("link", &["a", "lan", "release"]);
    assert!(
        released.out.contains("frames that had waited: "),
        "{released:?}"
    );
    held.refused(
        "link",
        &["far", "lan", "cut"],
        "node `far` is not on that network",
    );
    held.refused("link", &["q", "lan", "cut"], "lab `office` has no node `q`");
    held.refused(
        "power",
        &["a", "on"],
        "cannot switch node `a` on: it is on already",
    );
    held.refused(
        "power",
        &["a", "off"],
        "it is a container, which can only be killed",
    );
    assert!(held.script("a", "touch /etc/left && echo").is_some());
    held.order("power", &["a", "kill"], " is gone with its disk");
    assert!(!held.pings("a", "b"), "it does not run");
    held.order("power", &["a", "on"], " is on");
    assert_eq!(
        held.script("a", "test ! -e /etc/left && hostname")
            .as_deref(),
        Some("a")
    );
    assert!(held.pings("a", "b") && held.pings("b", "a"));
    held.order("down", &[], "");
    host.stop();
    assert_eq!(before.settle(PATIENCE), [""; 0]);
}

#[test]
fn a_user_changes_the_power_of_vms_of_a_held_lab() {
    let (host, fixture) = (Host::new().with_shared_store(), Fixture::new("labs"));
    host.build_images(Path::new("."), &["debian-12"]);
    // Where only root may open it, an ordinary user has no VMs in labs.
    if File::options().read(true).write(true).open(TUN).is_err() {
        let lab = "saved";
        let (host, fixture) = (&host, &fixture);
        return Held { host, fixture, lab }.refused("up", &[], TUN);
    }
    let held = Held::up(&host, &fixture, "saved");
    let boot = || held.script("a", "cat /proc/sys/kernel/random/boot_id");
    let first = boot();
    assert!(first.is_some());
    assert!(
        held.script("a", "echo kept > /etc/kept && sync && echo")
            .is_some()
    );
    held.order("power", &["a", "pause"], " is paused");
    assert!(!held.pings("b", "a"));
    held.order("power", &["a", "resume"], " runs on");
    assert!(held.pings("b", "a"));
    held.order("power", &["a", "reboot"], " has been rebooted");
    let second = boot();
    assert!(second.is_some() && second != first);
    assert_eq!(held.script("a", "cat /etc/kept").as_deref(), Some("kept"));
    held.order("power", &["a", "off"], " is off");
    held.refused("power", &["a", "off"], "it is off already");
    held.order("power", &["b", "off"], " is off");
    held.order("power", &["a", "on"], " is on");
    assert_eq!(held.script("a", "cat /etc/kept").as_deref(), Some("kept"));
    held.order("power", &["a", "kill"], " is gone with its disk");
    held.order("power", &["a", "on"], " is on");
    assert_eq!(
        held.script("a", "test ! -e /etc/kept && echo new")
            .as_deref(),
        Some("new")
    );
    held.order("down", &[], "");
}
