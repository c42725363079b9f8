//! What only a separate kernel can do, and what is reported about its end.

use super::prepared;
use std::fs::{self, File};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};
use vm_test_tests::fixture::{Fixture, Runner, text_of};
use vm_test_tests::host::Host;

/// How long it may take until a VM's end is reported, in seconds.
const TOLD: f64 = 10.0;

/// How long a VM may run without its agent, in seconds.
const WITHOUT_AGENT: f64 = 20.0;

#[test]
fn vlans_lost_packets_and_mapped_disks_need_modules_and_have_them() {
    let (host, fixture) = prepared(&["debian-12"]);
    let filters = [
        "packets_stay",
        "a_third",
        "a_volume",
        "a_large_blank",
        "the_kernel_is",
    ];
    let output = fixture
        .cargo(&host, &["test", "--test", "kernel"])
        .arg("--")
        .args(filters)
        .args(["--test-threads=2", "--show-output"])
        .output()
        .unwrap();
    let text = text_of(&output);
    assert!(
        text.contains("test result: ok. 5 passed; 0 failed"),
        "{text}"
    );
    let own = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let there = text.lines().find_map(|line| line.strip_prefix("kernel "));
    assert_ne!(there.unwrap().trim(), own.trim(), "{text}");
}

#[test]
fn the_end_of_a_machine_is_told_at_once_and_by_its_name() {
    let (host, fixture) = prepared(&["debian-12"]);
    // This makes the template.
    let run = fixture.run(&host, Runner::CargoTest, "the_kernel_is_another");
    assert!(run.success, "{}", run.text);
    for (test, words) in [
        (
            "the_kernel_panics",
            "guest kernel panicked: sysrq triggered crash",
        ),
        ("the_machine_reboots", "the VM was rebooted"),
        ("the_machine_is_powered_off", "the VM was powered off"),
    ] {
        let run = fails(&fixture, &host, test, TOLD);
        assert!(run.contains(words), "{test}: {run}");
        assert!(run.contains("the last lines of its console:") || test != "the_kernel_panics");
    }
}

#[test]
fn an_agent_that_is_killed_beside_an_init_of_its_own_is_missed() {
    let (host, fixture) = prepared(&["debian-12-systemd"]);
    let run = fixture.run(&host, Runner::CargoTest, "server::a0");
    assert!(run.success, "{}", run.text);
    let text = fails(&fixture, &host, "the_agent_is_killed", TOLD + WITHOUT_AGENT);
    assert!(
        text.contains(" died: a process in the guest killed its agent\n"),
        "{text}"
    );
}

/// Asserts that a test fails soon after it announces its end; returns what is reported.
fn fails(fixture: &Fixture, host: &Host, test: &str, limit: f64) -> String {
    let run = fixture.run(host, Runner::CargoTest, test);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    assert!(!run.success, "{test} passed: {}", run.text);
    let mut lines = run.text.lines();
    let began: f64 = lines
        .find_map(|line| line.trim().strip_prefix("at "))
        .unwrap_or_else(|| panic!("{test}: {}", run.text))
        .parse()
        .unwrap();
    let took = now.as_secs_f64() - began;
    eprintln!("{test}: told after {took:.2} s");
    assert!(took < limit * patience(), "{test}: told after {took:.2} s");
    run.text
}

/// What another kernel names as its builder, where the image's names `debian-kernel@lists`.
const MAKER: &str = "another-kernel@list";

#[test]
fn a_machine_boots_the_kernel_that_its_guest_names_and_has_its_modules() {
    let (host, _) = prepared(&["debian-12"]);
    let dir = tempfile::tempdir().unwrap();
    let vm_test = |args: &[&str]| {
        let mut command = host.vm_test();
        command.args(args).current_dir(dir.path()).output().unwrap()
    };
    let json = |args: &[&str]| -> serde_json::Value {
        let output = vm_test(args);
        assert!(output.status.success(), "{}", text_of(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let machine = json(&["image", "machine", "debian-12", "--json"]);
    let home = dir.path().join("kernel");
    fs::create_dir_all(home.join("boot")).unwrap();
    let status = Command::new("sed")
        .arg(format!("s/debian-kernel@lists/{MAKER}/g"))
        .arg(machine["vmlinux"].as_str().unwrap())
        .env("LC_ALL", "C")
        .stdout(File::create(home.join("boot/vmlinuz")).unwrap())
        .status()
        .unwrap();
    assert!(status.success());
    let image = json(&["image", "inspect", "debian-12", "--json"]);
    let release = image["kernel"]["release"].as_str().unwrap();
    let layer = image["kernel"]["layers"][0].as_str().unwrap();
    let files = host.store().join("layers").join(layer).join("files");
    let modules = ["usr/lib/modules", "lib/modules"].map(|path| files.join(path).join(release));
    let modules = modules.iter().find(|path| path.is_dir()).unwrap();
    fs::create_dir_all(home.join("lib/modules")).unwrap();
    symlink(modules, home.join("lib/modules").join(release)).unwrap();
    let machine = "backend = \"kvm\"\naccelerator = \"tcg\"\nimage = \"debian-12\"\n";
    let guests = format!(
        "[guest.other]\nkernel = \"kernel/boot/vmlinuz\"\n{machine}\
         [guest.gone]\nkernel = \"/nowhere/vmlinuz\"\n{machine}\
         [guest.unbuilt]\nkernel = \"linux-image-none\"\n{machine}\
         [guest.container]\nimage = \"debian-12\"\nkernel = \"linux-image-amd64\"\n"
    );
    fs::write(dir.path().join("vm-test.toml"), guests).unwrap();
    let script = "cat /proc/version; modprobe 8021q && echo modules";
    let args = ["run", "other", "--directory", "/", "--", "sh", "-c", script];
    for is_first in [true, false] {
        let output = vm_test(&args);
        let text = text_of(&output);
        assert!(output.status.success(), "{text}");
        assert!(
            text.contains(MAKER) && text.contains("\nmodules\n"),
            "{text}"
        );
        assert_eq!(
            text.contains("to its image (only once)"),
            is_first,
            "{text}"
        );
    }
    for (guest, words) in [
        (
            "gone",
            "cannot use the kernel /nowhere/vmlinuz: there is no such file\nhint: a kernel is a package",
        ),
        (
            "unbuilt",
            "hint: build it: vm-test image build debian-12+linux-image-none\n",
        ),
        (
            "container",
            "kernel is for VMs, and a container has the host's\nhint: use backend = \"kvm\"",
        ),
    ] {
        let output = vm_test(&["run", guest, "--", "true"]);
        let text = text_of(&output);
        assert!(
            !output.status.success() && text.contains(words),
            "{guest}: {text}"
        );
    }
}

/// Returns how much longer everything may take if others use the host, too.
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
