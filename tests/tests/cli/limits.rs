//! `vm-test run --timeout`: the command is ended, whatever it, its reader or its guest does then.

use std::io::Read;
use vm_test_protocol::agent::FromAgent;
use vm_test_protocol::frame;
use vm_test_tests::host::Host;
use vm_test_tests::process::vm_test;

#[test]
fn a_command_that_takes_too_long_is_killed_and_its_code_is_124() {
    let host = Host::new();
    let args = ["run", "--timeout", "300ms", "host", "--", "sleep", "60"];
    let finished = vm_test(&host, &args);
    assert_eq!(finished.code(), Some(124), "{}", finished.err);
    assert!(
        finished.err.starts_with(
            "error: `sleep` did not end within 300ms and was killed\nwhat it was doing:\n  | "
        ),
        "{}",
        finished.err
    );
}

/// Takes the agent's stream, stops the agent, and sends this frame (in hexadecimal) forever.
const FLOOD: &str = r#"
    my $agent = syscall(434, 1, 0);
    my $stream = syscall(438, $agent, 4, 0);
    syscall(101, 0x4206, 1, 0, 0) == 0 and syscall(101, 0x4207, 1, 0, 0) == 0 or die;
    open(my $out, ">&=", $stream) or die;
    my $frames = pack("H*", $ARGV[0]) x 1000;
    my $rest = "";
    while (1) {
        $rest = $frames if $rest eq "";
        my $count = syswrite($out, $rest);
        # Half a frame is no frame, and the stream may be full.
        substr($rest, 0, $count) = "" if defined $count;
    }
"#;

#[test]
fn a_guest_that_never_falls_silent_gets_no_more_time_than_one_that_does() {
    let host = Host::new();
    let frame = frame::encode(&FromAgent::InputTaken(0)).unwrap();
    let frame: String = frame.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut args = vec!["run", "--timeout", "1s", "host", "--", "perl", "-e", FLOOD];
    args.push(&frame);
    let finished = vm_test(&host, &args);
    assert_eq!(finished.code(), Some(125), "{}", finished.err);
    assert!(
        finished.err.starts_with(
            "error: the guest did not answer for 10s after the time limit of 1000 ms\n"
        ),
        "{}",
        finished.err
    );
}

#[test]
fn a_command_that_takes_too_long_is_killed_although_nobody_reads_what_it_writes() {
    let host = Host::new();
    let mut command = host.vm_test();
    command.args(["run", "--timeout", "500ms", "host", "--", "yes"]);
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut output = child.stdout.take().unwrap();
    // From here on the command runs, unless its time was up before its first line.
    let _ = output.read_exact(&mut [0; 2]);
    std::thread::sleep(std::time::Duration::from_secs(5));
    // What can still be read was in transit when the command was killed.
    let mut left = Vec::new();
    output.read_to_end(&mut left).unwrap();
    assert!(left.len() < 4 << 20, "{} bytes", left.len());
    assert_eq!(child.wait().unwrap().code(), Some(124));
}
