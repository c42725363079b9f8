//! The message for each mistake in the links of a file of containerlab.

use super::assert_refused;

const FORM: &str = "write `endpoints: [\"a:eth1\", \"b:eth1\"]`";
const KERNEL: &str = "write the name that the kernel knows it by, as in `eth1`";

#[test]
fn each_mistake_in_a_link_is_named_with_its_line() {
    let nodes = |links: &str| {
        format!("topology:\n  nodes:\n    a: {{ kind: linux }}\n    b: {{ kind: linux }}\n{links}")
    };
    let link = |ends: &str| nodes(&format!("  links:\n  - endpoints: {ends}\n"));
    let nine: String = (0..9)
        .map(|it| format!("  - endpoints: [\"a:e{it}\", \"b:e{it}\"]\n"))
        .collect();
    for (file, line, words, hint) in [
        (
            &nodes("  links: {}\n"),
            5,
            "lab `office`: cannot set `links`: the value is not a list",
            "begin each item with `- `",
        ),
        (
            &nodes("  links:\n  - mtu: 9000\n"),
            6,
            "link 1 of lab `office`: it has no endpoints",
            FORM,
        ),
        (
            &nodes("  links:\n  - endpoints: [\"a:eth1\", \"b:eth1\"]\n    type: veth\n"),
            7,
            "link 1 of lab `office`: cannot set `type`: there is no such key",
            "the keys are endpoints, mtu, labels, vars",
        ),
        (
            &nodes("  links:\n  - endpoints: [\"a:eth1\", \"b:eth1\"]\n    mtu: 65000\n"),
            7,
            "link 1 of lab `office`: cannot set `mtu`: the value is not a whole number from 1280 to 9216",
            "write `mtu: 9000`",
        ),
        (
            &link("[\"a:eth1\"]"),
            6,
            "link 1 of lab `office`: cannot set `endpoints`: the value is not a list of two texts, each a node and an interface",
            FORM,
        ),
        (
            &link("[\"a\", \"b:eth1\"]"),
            6,
            "link 1 of lab `office`: cannot set `endpoints`: the value is not a list of two texts, each a node and an interface",
            FORM,
        ),
        (
            &link("[\"a:eth1\", \"a:eth2\"]"),
            6,
            "link 1 of lab `office`: cannot set `endpoints`: both ends are at the same node",
            "connect two nodes: a node has one port on a network",
        ),
        (
            &link("[\"a:eth1\", \"host:x\"]"),
            6,
            "link 1 of lab `office`: cannot set `endpoints`: there is no node `host`",
            "the nodes are a, b",
        ),
        (
            &link("[\"a:ethernet-1/1\", \"b:eth1\"]"),
            6,
            "link 1 of lab `office`: cannot set `endpoints`: interface `ethernet-1/1`: its name has other characters than letters, digits, `-`, `_` and `.`",
            KERNEL,
        ),
        (
            &link("[\"a:lo\", \"b:eth1\"]"),
            6,
            "link 1 of lab `office`: cannot set `endpoints`: interface `lo`: its name is reserved",
            KERNEL,
        ),
        (
            &link("[\"a:\", \"b:eth1\"]"),
            6,
            "link 1 of lab `office`: cannot set `endpoints`: interface ``: its name is empty",
            KERNEL,
        ),
        (
            &link("[\"a:abcdefghijklmnop\", \"b:eth1\"]"),
            6,
            "link 1 of lab `office`: cannot set `endpoints`: interface `abcdefghijklmnop`: its name has more than 15 characters",
            KERNEL,
        ),
        (
            &link("[\"a:eth1\", \"b:eth1\"]\n  - endpoints: [\"b:eth2\", \"a:eth1\"]"),
            7,
            "link 2 of lab `office`: cannot set `endpoints`: interface `eth1` of node `a` is in another link already",
            "use another interface",
        ),
        (
            &nodes(&format!("  links:\n{nine}")),
            14,
            "link 9 of lab `office`: cannot set `endpoints`: node `a` is in more than 8 links",
            "use fewer links",
        ),
        (
            &format!(
                "topology:\n  defaults: {{ kind: linux }}\n  nodes: {{ {} }}\n  links:\n{}",
                (0..18).map(|it| format!("n{it}: , ")).collect::<String>(),
                (0..17)
                    .map(|it| format!("  - endpoints: [\"n{it}:a\", \"n{}:b\"]\n", it + 1))
                    .collect::<String>()
            ),
            21,
            "lab `office`: there are 17 links",
            "a lab has at most 16 networks, and each link is one",
        ),
    ] {
        let words = format!("cannot use {words}");
        let guests = "guests = { linux = \"host\" }\n";
        assert_refused(file, guests, ("topo.clab.yml", line), &words, hint);
    }
}
