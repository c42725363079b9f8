//! The sockets of keepers, which a guest's root could otherwise connect to: those of liblxc exist where
//! an init boots, out of the guest's reach; other keepers of containers have none.

use super::arena::alone;
use std::fs;
use std::io::Write;
use std::time::Duration;
use vm_test_tests::fixture::Fixture;
use vm_test_tests::host::Host;
use vm_test_tests::place::Place;
use vm_test_tests::process::{Running, await_that, instances};

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
