//! What only a kernel of one's own can do, and what is told of its end.

use super::prepared;
use std::io::Write;
use std::net::TcpListener;
use std::time::{SystemTime, UNIX_EPOCH};
use vm_test_tests::fixture::{Runner, text_of};

/// How long the end of a machine may take to be told, in seconds.
const TOLD: f64 = 2.0;

#[test]
fn vlans_lost_packets_and_mapped_disks_need_modules_and_have_them() {
    let (host, fixture) = prepared(&["debian-12"]);
    let filters = ["packets_stay", "a_third", "a_volume", "the_kernel_is"];
    let output = fixture
        .cargo(&host, &["test", "--test", "kernel"])
        .arg("--")
        .args(filters)
        .args(["--test-threads=2", "--show-output"])
        .output()
        .unwrap();
    let text = text_of(&output);
    assert!(
        text.contains("test result: ok. 4 passed; 0 failed"),
        "{text}"
    );
    let own = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let there = text.lines().find_map(|line| line.strip_prefix("kernel "));
    assert_ne!(there.unwrap().trim(), own.trim(), "{text}");
}

#[test]
fn the_end_of_a_machine_is_told_at_once_and_by_its_name() {
    let (host, fixture) = prepared(&["debian-12"]);
    // The template is made.
    let run = fixture.run(&host, Runner::CargoTest, "the_kernel_is_another");
    assert!(run.success, "{}", run.text);
    for (test, words) in [
        (
            "the_kernel_panics",
            "guest kernel panicked: sysrq triggered crash",
        ),
        ("the_machine_reboots", "its machine was rebooted"),
        ("the_machine_is_powered_off", "its machine was powered off"),
    ] {
        let run = fixture.run(&host, Runner::CargoTest, test);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        assert!(!run.success, "{test} passed: {}", run.text);
        assert!(run.text.contains(words), "{test}: {}", run.text);
        assert!(run.text.contains("the last lines of its console:") || test != "the_kernel_panics");
        let began: f64 = run
            .text
            .lines()
            .find_map(|line| line.trim().strip_prefix("at "))
            .unwrap_or_else(|| panic!("{test}: {}", run.text))
            .parse()
            .unwrap();
        let took = now.as_secs_f64() - began;
        eprintln!("{test}: told after {took:.2} s");
        assert!(took < TOLD * patience(), "{test}: told after {took:.2} s");
    }
}

/// How much longer things may take where others use the machine, too.
fn patience() -> f64 {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap();
    let load: f64 = load.split(' ').next().unwrap().parse().unwrap();
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let cpus = u32::try_from(cpus).unwrap_or(1);
    (load / f64::from(cpus)).max(1.0)
}

#[test]
fn a_machine_with_a_way_out_reaches_the_host() {
    let (host, fixture) = prepared(&["debian-12"]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"from the host").unwrap();
    });
    let output = fixture
        .cargo(&host, &["test", "--test", "kernel"])
        .args(["--", "--exact", "the_host_is_reached_from_its_own_network"])
        .env("SUITE_PORT", port)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text_of(&output));
    server.join().unwrap();
}
