//! The long texts of `--help` about labs. Words only.

pub(in super::super) const LAB: &str = "\
Starts labs without a test, and looks into labs: those that were started here, and those that were kept when their tests failed.

A lab is declared in vm-test.toml: several guests, its nodes, on networks that nothing else is on. `up` starts it with all of its \
nodes and holds it for a while; VM_TEST_KEEP=on-failure, or keep = \"on-failure\" at a test, holds the lab of a test that fails, with \
everything on its nodes as the test left it. A held lab stays for its time, and as long again after every visit to one of its nodes. It keeps its \
memory; everything that is kept may use at most half of the memory budget.

A lab that runs has a name of its own, as office-1f2e-3. Its name in vm-test.toml will do where only one such lab runs.";

pub(in super::super) const LAB_AFTER: &str = concat!(
    "\
EXAMPLES
  vm-test lab up office --for 10m           all nodes of lab `office`; prints their addresses
  vm-test lab ls
  vm-test lab shell office gw               look around on a node
  vm-test lab exec office gw -- ip route    one command, with its input, output and exit code
  vm-test lab graph office > office.svg     a picture of networks, nodes and addresses
  vm-test lab graph --format mermaid        for Markdown
  vm-test lab impair office gw lan --loss 30
  vm-test lab pcap office lan               the frames of a network, for Wireshark
  vm-test lab power office gw reboot        also on, off, shutdown, pause, resume, kill
  vm-test lab link office gw lan cut        also hold; release makes it whole again
  vm-test lab down --all
  VM_TEST_KEEP=on-failure cargo test        the failure of a test with a lab names these commands

JSON
  `ls --json` prints [{ lab, name, purpose, age_ms, networks, kept, nodes }], `up --json` one of
  these. `kept` is { expires_in_ms, attached }, or null while a test holds the lab. `nodes` is
  [{ node, guest, instance, description, kernel, addresses: [{ network, interface, address }] }];
  `instance`, `description` and `kernel` are null while a node does not run. The table shows only
  addresses of version 4.

EXIT CODES OF up, ls, graph, impair, pcap, power, link, down
  0 done, 1 not done, 2 the command line is wrong; those of shell and exec follow",
    exit_codes!()
);
