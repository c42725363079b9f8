//! The guest of tests and commands that name none.

use std::fs;
use vm_test_tests::workshop::Workshop;

#[test]
fn a_workspace_decides_where_what_names_no_guest_runs() {
    let workshop = Workshop::new();
    workshop.recipe("tools", "");
    workshop.run(&["image", "build", "tools"]);
    let text = "[guest.tools]\nimage = \"tools\"\n[guest.host]\nextends = \"tools\"\n";
    fs::write(workshop.workspace().join("vm-test.toml"), text).unwrap();
    let seen = workshop.run(&["run", "host", "--", "cat", "/etc/origin"]);
    assert_eq!(seen, "tar\n");
    let guests = workshop.json(&["guests", "--json", "host"]);
    assert_eq!(guests[0]["extends"], "tools");
    assert_eq!(guests[0]["settings"]["image"]["from"], "guest.tools");
}
