//! The long texts of `--help` about the times of tests. Words only.

pub(in super::super) const REPORT: &str = "\
Prints the times of the tests on guests of one run: the slowest bodies, where the time went, the guests used. A run is one \
start of cargo or of nextest. The times are in vm-test/runs/RUN.jsonl in cargo's target directory, for the last 20 runs: one \
line per test, written by the daemon when the test's instance has ended.

WAIT is the time in the queue for memory and processors, BOOT from then to the agent's first message, START the time of the test \
process before and after the body, BODY the body alone by the guest's clock, ROLLBACK the destruction of the instance. In a \
lab, BOOT is the time until all nodes are ready that it starts with; each of them is listed, too: STARTUP is how it was started, \
PREPARE the time until its files were there and it was its turn to boot, BOOT from then to its agent's first message.";

pub(in super::super) const REPORT_AFTER: &str = "\
EXAMPLES
  vm-test report
  vm-test report cargo-8812
  vm-test report --json | jq '.tests[] | select(.body_us > 1000000) | .test'

JSON
  { run, tests: [LINE] }, and each line of the file:
  schema       1
  run          $NEXTEST_RUN_ID, or cargo-START-PID of the cargo that started the tests
  package, test, guest, description, instance
  outcome      \"passed\"; \"panicked\" (a test that should panic may have passed by it); \"failed\": it
               returned an error; \"no-verdict\": it did not end by itself, or its guest died;
               \"no-instance\": its guest was not available or did not start; \"lost\": its test
               process was killed or interrupted
  words        why there was no instance, of tests that got none; their description and instance
               may be empty
  began_us     when the lease was asked for, in microseconds since 1970
  wait_us, boot_us, start_us, body_us, rollback_us
               in microseconds; null where it was not measured: body_us of a body that never began,
               rollback_us of an instance that was kept
  total_us     from the request for the lease (and the start of the daemon) to the end of the test,
               without the rollback
  kept         whether the instance was kept
  nodes        of a lab, those that it starts with: [{ node, description, startup, prepare_us, boot_us }];
               startup is \"start\" (of a container), \"boot\", \"restore\" or \"spare\": prepared ahead

EXIT CODES
  0 printed; 1 there is no such run; 2 the command line is wrong";
