//! The sockets of keepers, which a guest's root could otherwise connect to: those of liblxc exist where
//! an init boots, out of the guest's reach; other keepers of containers have none. Nor does a guest share
//! its files with what stays beside its keeper.

use super::arena::alone;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;
use vm_test_tests::fixture::Fixture;
use vm_test_tests::host::Host;
use vm_test_tests::place::Place;
use vm_test_tests::process::{Running, await_that, instances, parents};

const ATTACK: &str = "others::no_abstract_socket_that_it_is_told_answers";

/// The socket of a guest's own agent.
const AGENTS: &str = "/run/vm-test/agent.sock";

/// Runs the attack in a guest; returns it, the name of its instance, and the process id of its keeper.
fn attack(host: &Host, fixture: &Fixture, guest: &str) -> (Running, String, u64) {
    let binary = fixture.binary(host, "hostile");
    let mut command = host.vm_test();
    command
        .args(["run", guest, "--"])
        .arg(binary)
        .args(["--exact", "--ignored", "--nocapture", ATTACK])
        .current_dir(fixture.directory());
    let running = Running::start(&mut command);
    await_that("an instance is alive", Duration::from_secs(60), || {
        !instances(host).is_empty()
    });
    let instance = instances(host).remove(0);
    let name = instance["instance"].as_str().unwrap().to_owned();
    (running, name, instance["keeper"].as_u64().unwrap())
}

/// Returns the names of the sockets in a process's network namespace: any process there can list them.
fn sockets(pid: u64) -> Vec<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/net/unix")).unwrap();
    let lines = text.lines().skip(1);
    let names = lines.filter_map(|line| line.split_whitespace().nth(7));
    names.map(str::to_owned).collect()
}

/// Tells the attack which socket there is, if any, and checks that it was not reached.
fn finish(mut running: Running, socket: Option<&str>) {
    if let Some(socket) = socket {
        writeln!(running.input(), "{socket}").unwrap();
    }
    let finished = running.finish();
    assert_eq!(finished.code(), Some(0), "{finished:?}");
    let count = socket.iter().count();
    let tried = finished
        .out
        .contains(&format!("{count} sockets were tried"));
    assert!(tried, "{}", finished.out);
}

#[test]
fn a_keeper_without_the_library_has_no_socket_with_a_name() {
    let _alone = alone();
    let host = Place::Container.host();
    let fixture = Fixture::new("hostile");
    let (running, _, keeper) = attack(&host, &fixture, "host");
    await_that("its agent listens", Duration::from_secs(10), || {
        sockets(keeper).contains(&AGENTS.to_owned())
    });
    let mut names = sockets(keeper);
    names.retain(|name| name != AGENTS);
    assert_eq!(names, [""; 0]);
    let maps = fs::read_to_string(format!("/proc/{keeper}/maps"));
    assert!(!maps.unwrap_or_default().contains("liblxc"));
    finish(running, None);
}

#[test]
fn what_carries_a_guests_link_has_its_own_files_and_not_the_guests() {
    let _alone = alone();
    let host = Place::Container.host();
    let fixture = Fixture::new("hostile");
    let tun = File::options().read(true).write(true).open("/dev/net/tun");
    if let Err(error) = tun {
        eprintln!("not examined: no guest has a way out where this user cannot open tun: {error}");
        return;
    }
    let (running, _, keeper) = attack(&host, &fixture, "outside");
    let mounts = |pid: u64| fs::read_link(format!("/proc/{pid}/ns/mnt")).unwrap();
    let command = |pid: u64| fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap();
    let children = || {
        let all = parents().into_iter();
        let own = all.filter(|(_, parent)| u64::from(*parent) == keeper);
        own.map(|(pid, _)| u64::from(pid)).collect::<Vec<_>>()
    };
    let is_carrier = |pid: &u64| command(*pid).contains("__own_link");
    let is_agent = |pid: &u64| command(*pid).contains("agent");
    await_that("its agent and its link", Duration::from_secs(10), || {
        children().iter().any(is_carrier) && children().iter().any(is_agent)
    });
    let carrier = children().into_iter().find(is_carrier).unwrap();
    let agent = children().into_iter().find(is_agent).unwrap();
    assert_eq!(mounts(carrier), mounts(keeper));
    assert_ne!(mounts(carrier), mounts(agent));
    let root = |pid: u64| {
        let meta = fs::metadata(format!("/proc/{pid}/root/")).unwrap();
        (meta.dev(), meta.ino())
    };
    assert_eq!(root(carrier), root(u64::from(std::process::id())));
    assert_ne!(root(agent), root(carrier));
    finish(running, None);
}

mod as_root_in_full {
    //! An init that boots needs a control group that it may manage, which an ordinary user can
    //! rarely give.

    use super::*;

    #[test]
    fn the_librarys_socket_is_there_and_its_own_guest_does_not_reach_it() {
        let _alone = alone();
        let host = Place::Container.host();
        let fixture = Fixture::new("hostile");
        host.build_images(fixture.directory(), &["debian-12-systemd"]);
        let (running, name, keeper) = attack(&host, &fixture, "booted");
        let address = format!("/run/lxc/{name}/command");
        await_that("the library listens", Duration::from_secs(10), || {
            sockets(keeper).contains(&format!("@{address}"))
        });
        finish(running, Some(&address));
    }
}
