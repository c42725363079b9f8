//! A VM's clock runs at the host's rate, whatever else the host does while the VM boots.

use super::prepared;
use std::time::Instant;
use vm_test_tests::fixture::text_of;

/// Prints the rate that the kernel was told, the one that it uses, and two times of its clock.
const SCRIPT: &str = "sed -n 's/.*tsc_early_khz=\\([0-9]*\\).*/\\1/p' /proc/cmdline
    sed -n 's/^cpu MHz.*: //p' /proc/cpuinfo
    cut -d ' ' -f 1 /proc/uptime; sleep 5; cut -d ' ' -f 1 /proc/uptime";

/// Returns whether this host has a counter whose rate can be told.
fn has_constant_counter() -> bool {
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap();
    processors.contains("constant_tsc")
}

#[test]
fn the_clock_of_a_vm_runs_as_fast_as_the_hosts() {
    let (host, fixture) = prepared(&["debian-12"]);
    let began = Instant::now();
    // Not restored from a template that another test has made.
    let memory = format!("{}M", 1500 + std::process::id() % 300);
    let output = host
        .vm_test()
        .args(["run", "machine", "--memory", &memory, "--directory", "/"])
        .args(["--", "sh", "-c", SCRIPT])
        .current_dir(fixture.directory())
        .output()
        .unwrap();
    let elapsed = began.elapsed().as_secs_f64();
    assert!(output.status.success(), "{}", text_of(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers: Vec<f64> = text.lines().map(|line| line.parse().unwrap()).collect();
    let (used, first, last) = match numbers[..] {
        [told, used, first, last] => {
            // The kernel corrects what it was told by less than a hundredth.
            assert!((told / 1000.0 / used - 1.0).abs() < 0.01, "{text}");
            (used, first, last)
        }
        [used, first, last] if !has_constant_counter() => (used, first, last),
        _ => panic!("{text}"),
    };
    assert!(used > 0.0, "{text}");
    assert!(last - first >= 5.0, "{text}");
    // On the host the same time has passed, and some more to start the VM.
    assert!(elapsed >= (last - first) * 0.99, "{elapsed} {text}");
}
