//! Standard input, output and error through a guest and back: complete, unchanged, separate, and no
//! further than needed.

use std::io::Read;
use std::process::Stdio;
use vm_test_tests::host::Host;
use vm_test_tests::process::{Running, in_guest, in_guest_with};

/// Returns bytes that are not valid text.
fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .expect("the kernel has random bytes");
    bytes
}

#[test]
fn five_mebibytes_of_random_bytes_come_back_unchanged() {
    let host = Host::new();
    let bytes = random(5 << 20);
    for script in ["cat", "sleep 1; cat", "cat; exec >&-; cat >/dev/null"] {
        let finished = in_guest_with(&host, script, bytes.clone());
        assert_eq!(finished.code(), Some(0), "{script}: {}", finished.err);
        assert!(finished.bytes == bytes, "{script}: the bytes differ");
        assert_eq!(finished.err, "", "{script}");
    }
}

#[test]
fn five_mebibytes_written_after_the_input_has_ended_come_back_whole() {
    let host = Host::new();
    let finished = in_guest(
        &host,
        "cat >/dev/null; head -c 5242880 /dev/zero; echo end >&2",
    );
    assert_eq!((finished.code(), finished.bytes.len()), (Some(0), 5 << 20));
    assert_eq!(finished.err, "end\n");
}

#[test]
fn output_and_error_stay_apart() {
    let finished = in_guest(&Host::new(), "echo a; echo b >&2");
    assert_eq!(
        (finished.out.as_str(), finished.err.as_str()),
        ("a\n", "b\n")
    );
}

#[test]
fn a_reader_that_is_slow_gets_everything_although_the_command_has_ended() {
    let host = Host::new();
    let mut command = host.vm_test();
    command.args(["run", "host", "--", "head", "-c", "3000000", "/dev/zero"]);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_secs(3));
    let mut bytes = Vec::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_end(&mut bytes)
        .unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(bytes.len(), 3_000_000);
}

#[test]
fn a_reader_that_leaves_is_seen_by_the_command_as_it_would_be_without_a_guest() {
    let host = Host::new();
    let mut command = host.vm_test();
    command.args(["run", "host", "--", "sh", "-c", "yes; echo $? >&2; exit 9"]);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = child.stdout.take().unwrap();
    output.read_exact(&mut [0; 10]).unwrap();
    drop(output);
    let finished = child.wait_with_output().unwrap();
    // SIGPIPE killed `yes`, and nothing else.
    assert_eq!(String::from_utf8_lossy(&finished.stderr), "141\n");
    assert_eq!(finished.status.code(), Some(9));
}

#[test]
fn input_that_nobody_takes_is_kept_nowhere() {
    let host = Host::new();
    let mut command = host.vm_test();
    command.args(["run", "--memory", "64M", "host", "--", "sleep", "1"]);
    let zero = std::fs::File::open("/dev/zero").unwrap();
    let finished = command.stdin(zero).output().unwrap();
    assert!(finished.status.success(), "{finished:?}");
}

#[test]
fn an_input_that_never_ends_does_not_keep_a_command_that_does() {
    let host = Host::new();
    let mut running = Running::start(host.vm_test().args(["run", "host", "--", "true"]));
    let open = running.input();
    assert_eq!(running.finish().code(), Some(0));
    drop(open);
}
