//! The sockets of liblxc: a guest does not reach those of its own keeper, which do exist.

use super::arena::alone;
use std::fs;
use std::io::Write;
use std::time::Duration;
use vm_test_tests::fixture::Fixture;
use vm_test_tests::place::Place;
use vm_test_tests::process::{Running, await_that, instances};

const ATTACK: &str = "others::no_abstract_socket_that_it_is_told_answers";

#[test]
fn the_librarys_socket_is_there_and_its_own_guest_does_not_reach_it() {
    let _alone = alone();
    let host = Place::Container.host();
    let fixture = Fixture::new("hostile");
    let binary = fixture.binary(&host, "hostile");
    let mut command = host.vm_test();
    command
        .args(["run", "host", "--"])
        .arg(binary)
        .args(["--exact", "--ignored", "--nocapture", ATTACK])
        .current_dir(fixture.directory());
    let mut running = Running::start(&mut command);
    await_that("an instance is alive", Duration::from_secs(20), || {
        !instances(&host).is_empty()
    });
    let instance = instances(&host).remove(0);
    let name = instance["instance"].as_str().unwrap();
    let address = format!("/run/lxc/{name}/command");
    // Any process in a network namespace can list its sockets.
    let sockets = format!("/proc/{}/net/unix", instance["keeper"]);
    await_that("the library listens", Duration::from_secs(10), || {
        let sockets = fs::read_to_string(&sockets).unwrap();
        let listed = format!("@{address}");
        sockets.lines().any(|line| line.ends_with(&listed))
    });
    writeln!(running.input(), "{address}").unwrap();
    let finished = running.finish();
    assert_eq!(finished.code(), Some(0), "{finished:?}");
    let tried = finished.out.contains("1 sockets were tried");
    assert!(tried, "{}", finished.out);
}
