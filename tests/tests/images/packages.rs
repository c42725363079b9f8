//! Packages of recipes whose base is not bootstrapped here. The images' apt is a script that writes
//! down what it is asked for, so that these tests need no network.

use std::fs;
use vm_test_tests::workshop::Workshop;

const APT: &str = "\
[[files]]
from = \"apt-get\"
to = \"/usr/bin/apt-get\"
mode = \"0755\"
";

#[test]
fn packages_are_installed_by_the_apt_of_any_base_and_once() {
    let workshop = Workshop::new();
    let script = "#!/bin/sh\necho \"$DEBIAN_FRONTEND: $*\" >> /asked\n";
    fs::write(workshop.file("apt-get"), script).unwrap();
    workshop.recipe("system", APT);
    let recipe = "base = \"system\"\npackages = [\"nftables\", \"g++\"]\n";
    fs::write(workshop.file("tools.toml"), recipe).unwrap();
    workshop.run(&["image", "build", "tools"]);
    let asked = workshop.run(&["run", "host", "--image", "tools", "--", "cat", "/asked"]);
    assert_eq!(
        asked,
        "noninteractive: update\n\
         noninteractive: install --yes --no-install-recommends nftables g++\n\
         noninteractive: clean\n"
    );
    let layers = workshop.layers("tools").unwrap();
    workshop.run(&["image", "build", "tools"]);
    assert_eq!(workshop.layers("tools").unwrap(), layers);
    let more = "base = \"system\"\npackages = [\"nftables\"]\n";
    fs::write(workshop.file("tools.toml"), more).unwrap();
    workshop.run(&["image", "build", "tools"]);
    assert_ne!(workshop.layers("tools").unwrap(), layers);
}

#[test]
fn a_base_without_apt_says_what_to_do() {
    let workshop = Workshop::new();
    workshop.recipe("bare", "packages = [\"nftables\"]\n");
    let text = workshop.fail(&["image", "build", "bare"]);
    for words in [
        "error: cannot build image `bare`: its base is not a Debian-based system: it has no /usr/bin/apt-get, which installs packages\n",
        "hint: install them by the system's own tools in a run step with network = true\n",
    ] {
        assert!(text.contains(words), "{text}");
    }
    assert_eq!(workshop.layers("bare"), None);
}
