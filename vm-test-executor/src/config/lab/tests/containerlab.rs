//! Labs whose nodes and links are in a file of containerlab: what is read, and each mistake.

mod file;
mod links;

use crate::config::lab::Lab;
use crate::config::{FILE, Workspace};
use vm_test_protocol::failure::Failure;

/// A file as people have them.
const FABRIC: &str = r#"
name: fabric
mgmt:
  network: custom
topology:
  defaults:
    kind: linux
  kinds:
    linux:
      image: frr:8.5
    nokia_srlinux:
      image: ghcr.io/nokia/srlinux
      labels: { site: one }
  nodes:
    spine:
      image: "frr:9"
    leaf-1:
    leaf-2: { kind: nokia_srlinux, mgmt-ipv4: 172.20.20.2 }
    client:
      image: alpine
      ports:
        - 8080:80
  links:
    - endpoints: ["spine:eth1", "leaf-1:eth1"]
    - endpoints: [ "leaf-2:e1-1", spine:eth2 ]
      mtu: 9000
    - endpoints:
        - client:eth1
        - leaf-1:eth10
"#;

const GUESTS: &str = "
    [guest.deb]
    image = \"debian-12\"
    [guest.vm]
    backend = \"kvm\"
    image = \"debian-12\"
    [guest.root]
    privileged = true
    [lab.office]
    containerlab = \"topo.clab.yml\"
";

/// Returns the lab `office` of this file, with these lines in its table from line 10 on.
fn lab(topology: &str, table: &str) -> Result<Lab, Failure> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(FILE), format!("{GUESTS}{table}")).unwrap();
    std::fs::write(dir.path().join("topo.clab.yml"), topology).unwrap();
    Workspace::find(dir.path())?.lab("office")
}

/// Asserts that a file is refused in this line of it, or of `vm-test.toml`.
fn assert_refused(topology: &str, table: &str, place: (&str, usize), words: &str, hint: &str) {
    let error = lab(topology, table).unwrap_err();
    let (message, found) = error.message.split_once(" (in ").unwrap();
    assert_eq!(message, words, "{topology}");
    let (file, line) = place;
    let expected = format!("/{file}, line {line})");
    assert!(found.ends_with(&expected), "{topology}: {found}");
    assert_eq!(error.hint.as_deref(), Some(hint), "{topology}");
}

#[test]
fn nodes_have_guests_by_their_name_image_or_kind_and_links_are_networks_of_two() {
    let table = "guests = { linux = \"host\", \"frr:9\" = \"vm\", leaf-2 = \"deb\" }\n";
    let lab = lab(FABRIC, table).unwrap();
    let networks: Vec<_> = lab.networks.iter().map(|it| (&*it.name, it.mtu)).collect();
    assert_eq!(
        networks,
        [("link1", 1500), ("link2", 9000), ("link3", 1500)]
    );
    let nodes: Vec<_> = lab
        .nodes
        .iter()
        .map(|node| {
            let ports = node.ports.iter();
            let ports = ports.map(|port| format!("{}:{}", port.interface, port.network));
            (
                &*node.name,
                &*node.guest.name,
                ports.collect::<Vec<_>>().join(" "),
            )
        })
        .collect();
    let row = |name, guest, ports: &str| (name, guest, ports.to_owned());
    assert_eq!(
        nodes,
        [
            row("spine", "vm", "eth1:link1 eth2:link2"),
            row("leaf-1", "host", "eth1:link1 eth10:link3"),
            row("leaf-2", "deb", "e1-1:link2"),
            row("client", "host", "eth1:link3"),
        ]
    );
    assert!(
        lab.hosts().contains("10.213.3.4 client\n"),
        "{}",
        lab.hosts()
    );
}

#[test]
fn what_sets_a_node_up_is_passed_over_only_if_the_table_says_so() {
    let file = "topology:\n  nodes:\n    a:\n      kind: linux\n      exec:\n        - ip link\n";
    let guests = "guests = { linux = \"host\" }\n";
    let hint = "what sets a node up belongs in its guest's image or in the test; to read the file without it, write `ignore = [\"exec\"]` in the lab's table of vm-test.toml";
    let words = "cannot use node `a` of lab `office`: cannot set `exec`: it is not read";
    assert_refused(file, guests, ("topo.clab.yml", 5), words, hint);
    assert!(lab(file, &format!("{guests}ignore = [\"exec\"]\n")).is_ok());
    assert_refused(
        file,
        &format!("{guests}ignore = [\"exec\", \"binds\"]\n"),
        (FILE, 12),
        "cannot use lab `office`: cannot set `ignore`: no node in topo.clab.yml has `binds`",
        "leave it out",
    );
}

#[test]
fn each_mistake_in_the_table_is_named_with_its_line() {
    let file = "topology:\n  nodes:\n    a: { kind: linux }\n";
    for (table, line, words, hint) in [
        (
            "nodes = {}\n",
            11,
            "cannot set `nodes`: the file that `containerlab` names has the nodes and their links",
            "leave one of the two out",
        ),
        (
            "guest = {}\n",
            11,
            "cannot set `guest`: there is no such key",
            "did you mean `guests`?",
        ),
        (
            "guests = \"host\"\n",
            11,
            "cannot set `guests`: the value is not a table of names in quotes",
            "write `guests = { linux = \"host\" }`",
        ),
        (
            "guests = { linux = 1 }\n",
            11,
            "cannot set `guests`: the value is not a table of names in quotes",
            "write `guests = { linux = \"host\" }`",
        ),
        (
            "guests = { linux = \"dab\" }\n",
            11,
            "cannot set `guests`: there is no guest `dab`",
            "did you mean `deb`?",
        ),
        (
            "guests.linux = \"deb\"\nguests.linox = \"deb\"\n",
            12,
            "cannot set `guests`: topo.clab.yml has no node, image or kind `linox`",
            "leave it out, or name one that is there",
        ),
        (
            "guests.linux = \"deb\"\nignore = \"exec\"\n",
            12,
            "cannot set `ignore`: the value is not a list of keys in quotes",
            "write `ignore = [\"binds\"]`",
        ),
    ] {
        let words = format!("cannot use lab `office`: {words}");
        assert_refused(file, table, (FILE, line), &words, hint);
    }
    let error = lab(file, "guests.linux = \"root\"\n").unwrap_err();
    let words = "cannot use node `a` of lab `office`: guest `root` is privileged (in ";
    assert!(error.message.starts_with(words), "{error}");
    assert!(
        error.message.ends_with("/topo.clab.yml, line 3)"),
        "{error}"
    );
}

#[test]
fn a_file_that_is_not_there_is_named_with_the_line_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let table = "[lab.office]\ncontainerlab = \"topo/none.yml\"\n";
    std::fs::write(dir.path().join(FILE), table).unwrap();
    let error = Workspace::find(dir.path())
        .unwrap()
        .lab("office")
        .unwrap_err();
    let file = dir.path().join("topo/none.yml");
    let words = format!(
        "cannot use lab `office`: cannot read {}: No such file or directory (os error 2) (in ",
        file.display()
    );
    assert!(error.message.starts_with(&words), "{error}");
    assert!(error.message.ends_with("/vm-test.toml, line 2)"), "{error}");
}
