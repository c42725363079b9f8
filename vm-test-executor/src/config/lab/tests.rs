//! Which lab a file gives. What is wrong in one, and the addresses, are below.

mod addresses;
mod containerlab;
mod mistakes;
mod nodes;
mod routers;
mod site;

use super::Lab;
use crate::config::{Backend, FILE, OtherKernel, Workspace};
use vm_test_protocol::failure::Failure;

/// A lab on two networks, as design and documentation show one.
const OFFICE: &str = "
    [guest.router]
    backend = \"kvm\"
    memory = \"1G\"
    [guest.deb]
    image = \"debian-12\"
    [lab.office.networks]
    phys = { trunk = true, mtu = 9000 }
    lan = {}
    [lab.office.nodes]
    gw = { guest = \"router\", networks = [\"lan\", \"phys\"], cpus = 2 }
    alone = { guest = \"host\" }
    t1 = { guest = \"deb\", networks = [\"lan\"], power = \"on\", memory = \"64M\" }
";

/// Returns the lab `office`.
fn office(text: &str) -> Result<Lab, Failure> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(FILE), text).unwrap();
    Workspace::find(dir.path())?.lab("office")
}

/// Returns the lab `office` with this table of nodes, on the networks `lan` and `wan`.
fn with_nodes(nodes: &str) -> Result<Lab, Failure> {
    office(&format!(
        "[lab.office.networks]\nlan = {{}}\nwan = {{}}\n[lab.office.nodes]\n{nodes}"
    ))
}

/// Asserts that each text is refused in its line, with this message and this hint.
fn assert_refused(rows: &[(&str, usize, &str, &str)]) {
    for (text, line, words, hint) in rows {
        let error = office(text).unwrap_err();
        let (message, place) = error.message.split_once(" (in ").unwrap();
        assert_eq!(message, *words, "{text}");
        assert!(
            place.ends_with(&format!("vm-test.toml, line {line})")),
            "{text}: {place}"
        );
        assert_eq!(error.hint.as_deref(), Some(*hint), "{text}");
    }
}

#[test]
fn networks_and_nodes_are_in_the_order_of_the_file() {
    let lab = office(OFFICE).unwrap();
    assert_eq!(lab.name, "office");
    let networks: Vec<_> = lab
        .networks
        .iter()
        .map(|network| (&*network.name, network.trunk, network.mtu))
        .collect();
    assert_eq!(networks, [("phys", true, 9000), ("lan", false, 1500)]);
    let nodes: Vec<_> = lab.nodes.iter().map(|node| &*node.name).collect();
    assert_eq!(nodes, ["gw", "alone", "t1"]);
}

#[test]
fn a_node_has_the_settings_of_its_guest_and_its_own_over_them() {
    let lab = office(OFFICE).unwrap();
    let guests: Vec<_> = lab
        .nodes
        .iter()
        .map(|node| {
            let guest = &node.guest;
            (&*guest.name, guest.backend, guest.memory, guest.cpus)
        })
        .collect();
    assert_eq!(
        guests,
        [
            ("router", Backend::Kvm, 1 << 30, 2),
            ("host", Backend::Lxc, 512 << 20, 1),
            ("deb", Backend::Lxc, 64 << 20, 1),
        ]
    );
    assert_eq!(lab.nodes[2].guest.image, "debian-12");
}

#[test]
fn the_path_of_a_nodes_kernel_starts_at_the_file() {
    let lab = with_nodes("a = { guest = \"host\", kernel = \"boot/vmlinuz\" }").unwrap();
    let Some(OtherKernel::File(path)) = &lab.nodes[0].guest.kernel else {
        panic!("the node has no kernel");
    };
    assert!(path.is_absolute(), "{}", path.display());
}

#[test]
fn a_lab_may_be_written_as_tables_or_as_dotted_keys() {
    for text in [
        "[lab.office]\nnetworks = { lan = {} }\nnodes = { a = { guest = \"host\", networks = [\"lan\"] } }\n",
        "[lab.office.nodes.a]\nguest = \"host\"\nnetworks = [\"lan\"]\n[lab.office.networks.lan]\n",
        "[lab]\noffice.networks.lan.trunk = false\noffice.nodes.a.guest = \"host\"\noffice.nodes.a.networks = [\"lan\"]\n",
    ] {
        let lab = office(text).unwrap();
        assert_eq!(
            lab.hosts(),
            "10.213.1.1 a\nfd76:6d2d:7465:1::1 a\n",
            "{text}"
        );
    }
}

#[test]
fn a_mistake_in_one_lab_is_nothing_to_guests_and_other_labs() {
    let text = "
        [guest.a]
        cpus = 2
        [lab.broken]
        nods = {}
        [lab.lost.nodes]
        gw = { guest = \"nothing\" }
        [lab.office.nodes]
        gw = { guest = \"a\" }
    ";
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(FILE), text).unwrap();
    let workspace = Workspace::find(dir.path()).unwrap();
    assert_eq!(workspace.guest("a", &[]).unwrap().cpus, 2);
    assert_eq!(workspace.lab("office").unwrap().nodes[0].guest.cpus, 2);
    let labs: Vec<_> = workspace.labs().collect();
    assert_eq!(labs, ["broken", "lost", "office"]);
    for broken in ["broken", "lost"] {
        assert!(workspace.lab(broken).is_err());
    }
}

#[test]
fn a_lab_that_is_not_declared_is_refused_with_the_names_there_are() {
    let office = "[lab.office.nodes]\ngw = { guest = \"host\" }\n";
    let two = format!("{office}[lab.home]\n");
    for (text, name, hint) in [
        (office, "ofice", "did you mean `office`?"),
        (
            &two,
            "wild",
            "the labs are `home`, `office`; declare another as [lab.wild.nodes] in vm-test.toml at the workspace's root",
        ),
        (
            "",
            "wild",
            "declare it as [lab.wild.nodes] in vm-test.toml at the workspace's root",
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(FILE);
        std::fs::write(&file, text).unwrap();
        let error = Workspace::find(dir.path()).unwrap().lab(name).unwrap_err();
        let words = format!(
            "cannot find lab `{name}`: {} does not declare it",
            file.display()
        );
        assert_eq!(error.message, words);
        assert_eq!(error.hint.as_deref(), Some(hint));
    }
    let error = Workspace::default().lab("office").unwrap_err();
    let words = "cannot find lab `office`: there is no vm-test.toml here or above";
    assert_eq!(error.message, words);
}
