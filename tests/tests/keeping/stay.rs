//! How long kept instances stay, what they hold meanwhile, and what ends them.

use crate::{BACKENDS, Kept, PATIENCE, in_use, kept};
use std::time::{Duration, Instant};
use vm_test_tests::daemon::Daemon;
use vm_test_tests::process::{await_that, instances, of_this_host, vm_test};

/// How long an instance that is kept for ten seconds may be there at most.
const BRIEFLY: Duration = Duration::from_secs(60);

#[test]
fn a_kept_instance_is_listed_with_its_time_and_holds_its_memory() {
    for backend in BACKENDS {
        let it = Kept::by(&format!("{backend}::leaves_things"));
        assert!(
            it.run
                .text
                .contains("vm-test: the instance is kept for 5m; "),
            "{}",
            it.run.text
        );
        let listed = vm_test(&it.host, &["ps", "--json"]).json();
        let instance = &listed["instances"][0];
        assert_eq!(instance["instance"], it.id.as_str());
        let left = instance["kept"]["expires_in_ms"].as_u64().expect("a time");
        assert!((200_000..=300_000).contains(&left), "{left}");
        assert_eq!(instance["kept"]["attached"], false);
        // A VM takes more memory than its guest has.
        let held = listed["daemons"][0]["memory_used"].as_u64();
        assert!(held >= instance["memory"].as_u64(), "{listed}");
        let table = vm_test(&it.host, &["ps"]).out;
        assert!(table.contains("  4m left  "), "{table}");
        assert!(table.contains("; it stays for 1 kept instance"), "{table}");
    }
}

#[test]
fn it_goes_when_its_time_is_up_and_the_daemon_not_before() {
    for backend in BACKENDS {
        let (fixture, host) = crate::fixture();
        // Much shorter than the instance stays: because of the instance, the daemon outlives its
        // own idle time.
        let mut command = fixture.cargo(&host, &["test", "--quiet", "--test", "endings"]);
        command
            .args(["--", "--exact"])
            .arg(format!("{backend}::leaves_things_briefly"))
            .env("VM_TEST_IDLE_SECONDS", "0");
        let output = command.output().expect("cargo starts");
        let text = vm_test_tests::fixture::text_of(&output);
        assert!(text.contains("the instance is kept for 10s; "), "{text}");
        let began = Instant::now();
        let daemon = Daemon::of(&host).expect("it stays with the instance");
        assert_eq!(kept(&host).len(), 1, "{text}");
        assert!(daemon.ends_within(BRIEFLY), "the daemon stays");
        let stayed = began.elapsed();
        assert!(
            stayed > Duration::from_millis(500),
            "it went after {stayed:?}"
        );
    }
}

#[test]
fn an_attached_instance_stays_until_a_while_after_detaching() {
    for backend in BACKENDS {
        let it = Kept::by(&format!("{backend}::leaves_things_briefly"));
        let script = ["attach", &it.id, "--", "sleep", "15"];
        let attached = vm_test(&it.host, &script);
        assert_eq!(attached.code(), Some(0), "{attached:?}");
        assert_eq!(
            kept(&it.host),
            [it.id.as_str()],
            "its time has not begun anew"
        );
        await_that("it goes", BRIEFLY, || instances(&it.host).is_empty());
    }
}

#[test]
fn rm_takes_those_that_are_named_or_all_and_none_that_is_in_use() {
    let it = Kept::by("lxc::leaves_things");
    let again = it.fixture.run(
        &it.host,
        vm_test_tests::fixture::Runner::CargoTest,
        "lxc::returns_an_error",
    );
    let other = crate::kept_id(&again.text).expect("it is kept, too");
    let removed = vm_test(&it.host, &["rm", &it.id]);
    assert_eq!(removed.out, format!("removed {}\n", it.id));
    assert_eq!(kept(&it.host), [other.as_str()]);
    let (running, busy) = in_use(&it.host);
    let refused = vm_test(&it.host, &["rm", &busy]);
    assert_eq!(refused.code(), Some(1));
    assert!(
        refused.err.contains("it is not kept, but in use\nhint: "),
        "{refused:?}"
    );
    let all = vm_test(&it.host, &["rm", "--all"]);
    assert_eq!(all.out, format!("removed {other}\n"));
    assert_eq!(instances(&it.host).len(), 1, "the one that runs is left");
    drop(running);
    let none = vm_test(&it.host, &["rm", "--all"]);
    assert_eq!(none.out, "nothing is kept\n");
    let unknown = vm_test(&it.host, &["rm", "host-0-0"]);
    assert!(
        unknown.err.contains("there is no such instance\nhint: "),
        "{unknown:?}"
    );
}

#[test]
fn gc_leaves_them_and_stop_ends_them_and_says_so() {
    let it = Kept::by("lxc::leaves_things");
    let collected = vm_test(&it.host, &["gc"]);
    assert_eq!(of_this_host(&collected.out), "nothing to remove\n");
    assert_eq!(kept(&it.host), [it.id.as_str()]);
    let stopped = vm_test(&it.host, &["stop"]);
    assert!(
        stopped.out.ends_with(", and 1 kept instance with it\n"),
        "{stopped:?}"
    );
}

#[test]
fn kept_instances_never_hold_so_much_that_tests_have_to_wait_for_them() {
    let (fixture, host) = crate::fixture();
    let run = |test: &str| {
        let mut command = fixture.cargo(&host, &["test", "--quiet", "--test", "endings"]);
        command
            .args(["--", "--exact", test])
            // Room for two at a time, one of which may be kept.
            .env("VM_TEST_MEMORY_BUDGET", "1100")
            .env("VM_TEST_CPU_BUDGET", "1");
        vm_test_tests::fixture::text_of(&command.output().expect("cargo starts"))
    };
    let first = run("lxc::leaves_things");
    assert!(crate::kept_id(&first).is_some(), "{first}");
    let second = run("lxc::returns_an_error");
    assert!(
        second.contains(" is not kept: cannot keep lxc-kept-")
            && second.contains(": kept instances hold 512 MiB already, and may hold 550 MiB\nhint: `vm-test rm --all` ends all"),
        "{second}"
    );
    assert_eq!(kept(&host).len(), 1);
}

#[test]
fn one_that_dies_by_itself_is_kept_no_longer() {
    let it = Kept::by("lxc::leaves_things");
    let keeper = instances(&it.host)[0]["keeper"]
        .as_i64()
        .expect("a process");
    let keeper = rustix::process::Pid::from_raw(i32::try_from(keeper).unwrap()).expect("it");
    rustix::process::kill_process(keeper, rustix::process::Signal::KILL).expect("it is there");
    await_that("it is not listed", PATIENCE, || {
        instances(&it.host).is_empty()
    });
    let attached = vm_test(&it.host, &["attach", &it.id, "--", "true"]);
    assert!(
        attached.err.contains(": there is no such instance\nhint: "),
        "{attached:?}"
    );
    let listed = vm_test(&it.host, &["ps", "--json"]).json();
    assert_eq!(listed["daemons"][0]["memory_used"], 0);
}
