//! Attaching to a kept instance through a real terminal, and leaving it again.

use crate::{BACKENDS, Kept, PATIENCE, in_use, kept};
use vm_test_tests::process::{await_that, instances, vm_test};
use vm_test_tests::terminal::Terminal;

#[test]
fn a_shell_finds_the_files_and_the_processes_that_the_test_left() {
    for backend in BACKENDS {
        let it = Kept::by(&format!("{backend}::leaves_things"));
        let mut terminal = Terminal::with(&it.host, 31, 97, &["attach", &it.id]);
        terminal.await_words(&format!("vm-test: instance {} (", it.id));
        terminal.await_words("it stays for 5m after you leave\r\n");
        // Typed text is echoed, so the answer must differ from the question.
        terminal.type_keys("echo at=$(hostname) as=$(id -u) found=$(cat /etc/left-by-test)\r");
        terminal.await_words(&format!("at={backend}-kept as=0 found=a file\r\n"));
        terminal.type_keys("echo processes=$(pgrep -fc 'left-by-test$')\r");
        terminal.await_words("processes=1\r\n");
        terminal.type_keys("echo size=$(stty size)\r");
        terminal.await_words("size=31 97\r\n");
        terminal.resize(40, 120);
        terminal.type_keys("until [ \"$(stty size)\" = '40 120' ]; do sleep 0.05; done\r");
        terminal.type_keys("echo size=$(stty size)\r");
        terminal.await_words("size=40 120\r\n");
        terminal.type_keys("echo more >/etc/left-by-shell; exit 7\r");
        assert_eq!(terminal.finish().code(), Some(7));
        assert!(terminal.is_as_before(), "the terminal was not put back");
        // It is the same instance, with what the shell did, and knows itself.
        let script = "cat /etc/left-by-shell; echo $VM_TEST_GUEST_NAME $VM_TEST_GUEST_INSTANCE";
        let again = vm_test(&it.host, &["attach", &it.id, "--", "sh", "-c", script]);
        let expected = format!("more\n{backend}-kept {}\n", it.id);
        assert_eq!(
            (again.code(), again.out.as_str()),
            (Some(0), expected.as_str()),
            "{again:?}"
        );
    }
}

#[test]
fn the_processes_that_the_test_left_go_on_writing() {
    for backend in BACKENDS {
        let it = Kept::by(&format!("{backend}::leaves_things"));
        // More than a pipe holds, so that it blocks a process that writes to a stream without a
        // reader.
        let script = "dd if=/dev/zero of=/proc/$(pgrep -o -f left-by-test)/fd/1 bs=1M count=4 status=none && \
            pgrep -f left-by-test >/dev/null && echo there";
        let args = ["attach", &it.id, "--", "timeout", "10", "sh", "-c", script];
        let attached = vm_test(&it.host, &args);
        assert_eq!(attached.out, "there\n", "{attached:?}");
    }
}

#[test]
fn only_one_is_in_it_at_a_time_and_a_visitor_who_is_killed_leaves_it_to_the_next() {
    for backend in BACKENDS {
        let it = Kept::by(&format!("{backend}::leaves_things"));
        let mut terminal = Terminal::with(&it.host, 24, 80, &["attach", &it.id]);
        terminal.await_words("after you leave\r\n");
        terminal.type_keys("echo mine=$((1 + 1))\r");
        terminal.await_words("mine=2\r\n");
        let refused = vm_test(&it.host, &["attach", &it.id, "--", "true"]);
        assert_eq!(refused.code(), Some(125));
        assert_eq!(
            refused.err,
            format!(
                "error: cannot attach to {}: another session is already attached to it\n",
                it.id
            )
        );
        assert_eq!(instances(&it.host)[0]["kept"]["attached"], true);
        // This ends its job.
        drop(terminal);
        await_that("it is free", PATIENCE, || {
            instances(&it.host)[0]["kept"]["attached"] == false
        });
        let next = vm_test(
            &it.host,
            &["attach", &it.id, "--", "cat", "/etc/left-by-test"],
        );
        assert_eq!(
            (next.code(), next.out.as_str()),
            (Some(0), "a file\n"),
            "{next:?}"
        );
        assert_eq!(kept(&it.host), [it.id.as_str()]);
    }
}

#[test]
fn input_output_and_signals_pass_through_without_a_terminal() {
    let it = Kept::by("lxc::leaves_things");
    let args = [
        "attach",
        &it.id,
        "--",
        "sh",
        "-c",
        "cat; echo err >&2; kill -TERM $$",
    ];
    let mut running = vm_test_tests::process::Running::start(it.host.vm_test().args(args));
    let input = vec![b'x'; 1 << 20];
    let mut to = running.input();
    std::io::Write::write_all(&mut to, &input).unwrap();
    drop(to);
    let finished = running.finish();
    assert_eq!(finished.code(), Some(128 + 15));
    assert_eq!(finished.bytes.len(), input.len());
    assert_eq!(finished.err, "err\n");
}

#[test]
fn what_cannot_be_attached_to_is_named_with_what_can() {
    let it = Kept::by("lxc::leaves_things");
    let unknown = vm_test(&it.host, &["attach", "host-0-0", "--", "true"]);
    assert_eq!(unknown.code(), Some(125));
    assert_eq!(
        unknown.err,
        "error: cannot attach to host-0-0: there is no such instance\nhint: `vm-test ps` lists kept instances; `vm-test logs` shows the console and output of others\n"
    );
    let shell = vm_test(&it.host, &["attach", &it.id]);
    assert_eq!(shell.code(), Some(125));
    assert!(
        shell.err.contains("are not a terminal\nhint: "),
        "{shell:?}"
    );
    let (running, name) = in_use(&it.host);
    let busy = vm_test(&it.host, &["attach", &name, "--", "true"]);
    assert!(busy.err.contains("its test still runs\nhint: "), "{busy:?}");
    drop(running);
    it.host.stop();
    let gone = vm_test(&it.host, &["attach", &it.id, "--", "true"]);
    assert!(
        gone.err.contains(
            "there is no such instance\nhint: `vm-test ps` lists those that are kept, as "
        ),
        "{gone:?}"
    );
}
