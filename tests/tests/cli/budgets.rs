//! What all daemons of a user share, whatever their version and their runtime directory: the memory
//! and the processors that guests may have.

use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use vm_test_tests::host::Host;
use vm_test_tests::process::{Running, await_that};

/// A daemon's runtime directory and, for another version, a copy of the program.
struct Other {
    directory: TempDir,
    is_copy: bool,
}

impl Other {
    fn new(is_copy: bool) -> Self {
        let mut builder = tempfile::Builder::new();
        let directory = builder.prefix("vmt-").tempdir_in("/var/tmp").unwrap();
        let names = ["vm-test", "vm-test-agent"];
        for name in names.iter().filter(|_| is_copy) {
            let program = Host::program().with_file_name(name);
            std::fs::copy(program, directory.path().join(name)).unwrap();
        }
        Self { directory, is_copy }
    }

    fn command(&self, host: &Host, args: &[&str]) -> Command {
        let program = if self.is_copy {
            self.directory.path().join("vm-test")
        } else {
            Host::program()
        };
        let mut command = Command::new(&program);
        host.adopt(&mut command)
            .args(args)
            .env("VM_TEST_BIN", &program)
            .env("VM_TEST_MEMORY_BUDGET", "600");
        if !self.is_copy {
            command.env("VM_TEST_RUNTIME_DIR", self.directory.path().join("run"));
        }
        command
    }
}

#[test]
fn daemons_of_other_versions_and_directories_share_one_budget() {
    let host = Host::new();
    for is_copy in [true, false] {
        let other = Other::new(is_copy);
        let mut first = host.vm_test();
        first.env("VM_TEST_MEMORY_BUDGET", "600");
        let script = "echo begun; read line";
        let mut first = Running::start(first.args(["run", "host", "--", "sh", "-c", script]));
        first.await_output("begun\n");
        let ran = ["run", "host", "--", "echo", "ran"];
        let second = Running::start(&mut other.command(&host, &ran));
        await_that("a lease waits", Duration::from_secs(20), || {
            let listed = Running::start(&mut other.command(&host, &["ps", "--json"])).finish();
            let listed = listed.json();
            let daemons = listed["daemons"].as_array().unwrap().clone();
            daemons.iter().any(|daemon| daemon["waiting"] == 1)
        });
        std::io::Write::write_all(&mut first.input(), b"\n").unwrap();
        assert_eq!(first.finish().code(), Some(0));
        assert_eq!(second.finish().out, "ran\n");
        let stopped = Running::start(&mut other.command(&host, &["stop"])).finish();
        assert_eq!(stopped.code(), Some(0), "{}", stopped.err);
    }
    host.stop();
    assert!(!host.claims().exists(), "the last daemon leaves nothing");
}
