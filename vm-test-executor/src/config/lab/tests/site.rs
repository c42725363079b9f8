//! Labs that are declared at the site of their test.

use crate::config::lab::Lab;
use crate::config::{FILE, Workspace};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::NodeAtSite;

const GUESTS: &str = "
    [guest.deb]
    image = \"debian-12\"
    memory = \"64M\"
    [guest.root]
    privileged = true
    [guest.odd]
    memroy = \"1G\"
";

/// Returns the lab with these nodes and guests.
fn lab(nodes: &[(&str, &str)]) -> Result<Lab, Failure> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(FILE), GUESTS).unwrap();
    let nodes: Vec<_> = nodes
        .iter()
        .map(|(name, guest)| NodeAtSite {
            name: (*name).to_owned(),
            guest: (*guest).to_owned(),
        })
        .collect();
    Workspace::find(dir.path())?.lab_at_site("site", &nodes)
}

#[test]
fn all_nodes_are_on_one_network_with_the_settings_of_their_guests() {
    let lab = lab(&[("gw", "host"), ("t1", "deb")]).unwrap();
    let networks: Vec<_> = lab.networks.iter().map(|it| &*it.name).collect();
    assert_eq!(networks, ["lan"]);
    let nodes: Vec<_> = lab
        .nodes
        .iter()
        .map(|node| {
            (
                &*node.name,
                &*node.guest.image,
                node.guest.memory,
                node.ports.len(),
            )
        })
        .collect();
    assert_eq!(
        nodes,
        [
            ("gw", "host", 512 << 20, 1),
            ("t1", "debian-12", 64 << 20, 1)
        ]
    );
    assert!(lab.hosts().starts_with("10.213.1.1 gw\n"));
}

#[test]
fn each_mistake_is_named_without_a_line() {
    let many: Vec<String> = (0..33).map(|it| format!("a{it}")).collect();
    let many: Vec<_> = many.iter().map(|name| (&**name, "host")).collect();
    for (nodes, words, hint) in [
        (
            &[("gw", "dab")][..],
            "cannot use node `gw` of lab `site`: there is no guest `dab`",
            "did you mean `deb`?",
        ),
        (
            &[("gw", "host"), ("gw", "deb")],
            "cannot use node `gw` of lab `site`: there is a node of this name already",
            "choose another name",
        ),
        (
            &[("GW", "host")],
            "cannot use node `GW` of lab `site`: `G` is not allowed in its name",
            "use 1 to 63 lower-case ASCII letters, digits and `-`, starting with a letter and ending with a letter or a digit",
        ),
        (
            &[("driver", "host")],
            "cannot use node `driver` of lab `site`: its name is reserved: the driver is the node that a test's body runs on if it names none",
            "choose another name",
        ),
        (
            &[("gw", "root")],
            "cannot use node `gw` of lab `site`: guest `root` is privileged",
            "name another guest, or declare the lab in vm-test.toml, where a node has settings of its own",
        ),
        (
            &many,
            "cannot use lab `site`: there are 33 nodes",
            "a lab has at most 32",
        ),
    ] {
        let error = lab(nodes).unwrap_err();
        assert_eq!(error.message, words);
        assert_eq!(error.hint.as_deref(), Some(hint), "{words}");
    }
    let error = lab(&[("gw", "odd")]).unwrap_err();
    let words = "cannot use node `gw` of lab `site`: cannot use guest `odd`: cannot set `memroy`: there is no such key (in ";
    assert!(error.message.starts_with(words), "{error}");
}
