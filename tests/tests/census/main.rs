//! The census itself: it reports everything that is left on purpose. What would change the host for
//! others is done in new namespaces, where the same test runs again as root.

mod scope;
mod traces;

use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use vm_test_tests::census::{Census, Kind};
use vm_test_tests::daemon::Daemon;
use vm_test_tests::host::Host;

/// Set when the test runs a second time.
const INSIDE: &str = "CENSUS_INSIDE";

/// Under `cargo test` all leaks belong to this one process, so only one test at a time may leak.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(|poison| poison.into_inner())
}

/// A child that is killed at the end of the test.
struct Leak(Child);

impl Leak {
    fn start(command: &mut Command) -> Self {
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
        Self(quiet.spawn().expect("the program starts"))
    }
}

impl Drop for Leak {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asserts that a line of this kind with these words appears while `leak` exists, and disappears
/// with it.
#[track_caller]
fn assert_reported<T>(host: &Host, kind: Kind, words: &str, leak: impl FnOnce() -> T) {
    let before = Census::take(host);
    let leak = leak();
    let limit = std::time::Instant::now() + Duration::from_secs(5);
    let mut left = Vec::new();
    let wanted =
        |line: &String| line.starts_with(&format!("{kind:?} came")) && line.contains(words);
    while !left.iter().any(wanted) {
        left = Census::difference(&before, &Census::take(host));
        let late = std::time::Instant::now() > limit;
        assert!(!late, "{kind:?} with `{words}` is not among {left:#?}");
    }
    drop(leak);
    assert_eq!(before.settle(Duration::from_secs(5)), [""; 0]);
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// Runs the calling test again as root of new namespaces; returns `true` in that run.
fn inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "--net", "--uts"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("unshare is installed (Debian: util-linux)");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("1 passed"), "{text}{errors}");
    false
}

fn run(program: &str, args: &[&str]) {
    // An ordinary user's PATH lacks programs that only root is supposed to need.
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let output = Command::new(program).args(args).env("PATH", path).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {errors}");
}

#[test]
fn a_machine_on_which_nothing_happens_does_not_change() {
    let _alone = alone();
    let host = Host::new();
    let before = Census::take(&host);
    assert_eq!(before.settle(Duration::from_secs(5)), [""; 0]);
}

#[test]
fn a_process_that_names_the_runtime_directory_is_reported() {
    let _alone = alone();
    let host = Host::new();
    assert_reported(&host, Kind::Process, "sleep 1000", || {
        Leak::start(host.adopt(Command::new("sleep").arg("1000")))
    });
}

#[test]
fn a_zombie_is_reported() {
    let _alone = alone();
    let host = Host::new();
    assert_reported(&host, Kind::Process, "(a zombie)", || {
        // A copy, because a zombie can be recognised only by its name.
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("vm-test");
        fs::copy("/bin/true", &program).unwrap();
        (Leak::start(&mut Command::new(program)), dir)
    });
}

#[test]
fn an_orphan_in_a_pid_namespace_is_reported_with_its_namespaces() {
    let _alone = alone();
    let host = Host::new();
    for kind in [Kind::Process, Kind::Namespace] {
        let words = match kind {
            Kind::Process => "sleep 1000",
            _ => "pid:[",
        };
        assert_reported(&host, kind, words, || {
            let output = Command::new("unshare")
                .args(["--user", "--map-root-user", "--pid", "sh", "-c"])
                .arg("sleep 1000 >/dev/null 2>&1 & echo $!")
                .output()
                .unwrap();
            let pid = String::from_utf8_lossy(&output.stdout).trim().parse();
            Orphan(Daemon::at(pid.expect("the shell says which")))
        });
    }
}

/// A process that nobody waits for.
struct Orphan(Option<Daemon>);

impl Drop for Orphan {
    fn drop(&mut self) {
        self.0.take().expect("it is there").kill();
    }
}

#[test]
fn a_process_of_a_guests_user_is_reported() {
    let _alone = alone();
    let host = Host::new();
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "1073741830", "--clear-groups"]);
        command
    } else {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-auto", "--map-root-user"]);
        command.args(["setpriv", "--reuid", "7", "--clear-groups"]);
        command
    };
    command.args(["sleep", "1000"]);
    assert_reported(&host, Kind::Process, "sleep 1000", || {
        Leak::start(&mut command)
    });
}

#[test]
fn a_mount_that_a_process_holds_in_its_namespace_is_reported() {
    let _alone = alone();
    let host = Host::new();
    assert_reported(&host, Kind::GuestMount, "tmpfs leak", || {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
        command.arg("mount -t tmpfs leak /mnt && exec sleep 1000");
        Leak::start(host.adopt(&mut command))
    });
}

#[test]
fn a_mount_an_interface_a_rule_and_a_setting_are_reported() {
    let _alone = alone();
    if !inside("a_mount_an_interface_a_rule_and_a_setting_are_reported") {
        return;
    }
    let host = Host::new();
    let leaks: [(Kind, &str, &[&str], &[&str]); 5] = [
        (
            Kind::Mount,
            "/mnt",
            &["mount", "-t", "tmpfs", "leak", "/mnt"],
            &["umount", "/mnt"],
        ),
        (
            Kind::Link,
            "leak0",
            &[
                "ip", "link", "add", "leak0", "type", "veth", "peer", "name", "leak1",
            ],
            &["ip", "link", "delete", "leak0"],
        ),
        (
            Kind::Rule,
            "table inet leak",
            &["nft", "add", "table", "inet", "leak"],
            &["nft", "delete", "table", "inet", "leak"],
        ),
        (
            Kind::Setting,
            "net/ipv4/ip_forward = 1",
            &["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"],
            &["sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward"],
        ),
        (
            Kind::Setting,
            "kernel/hostname = leak",
            &["hostname", "leak"],
            &["hostname", "before"],
        ),
    ];
    run("hostname", &["before"]);
    for (kind, words, leak, repair) in leaks {
        assert_reported(&host, kind, words, || {
            run(leak[0], &leak[1..]);
            Repair(repair)
        });
    }
}

struct Repair(&'static [&'static str]);

impl Drop for Repair {
    fn drop(&mut self) {
        run(self.0[0], &self.0[1..]);
    }
}

#[test]
fn an_interface_that_is_gone_is_reported() {
    let _alone = alone();
    if !inside("an_interface_that_is_gone_is_reported") {
        return;
    }
    let host = Host::new();
    run(
        "ip",
        &[
            "link", "add", "eth7", "type", "veth", "peer", "name", "eth8",
        ],
    );
    let before = Census::take(&host);
    run("ip", &["link", "delete", "eth7"]);
    let lost = Census::difference(&before, &Census::take(&host));
    assert!(
        lost.iter()
            .any(|line| line.starts_with("Link is gone: eth7")),
        "{lost:#?}"
    );
}
