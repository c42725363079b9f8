//! The message for each mistake in a file of containerlab, but for its links.

use super::{assert_refused, lab};

#[test]
fn each_mistake_in_a_file_is_named_with_its_line() {
    let many: String = (0..33)
        .map(|it| format!("    a{it}: {{ kind: linux }}\n"))
        .collect();
    for (file, line, words, hint) in [
        (
            "",
            1,
            "lab `office`: it is empty",
            "it needs `topology` with `nodes`",
        ),
        (
            "name: x\n",
            1,
            "lab `office`: it has no `topology`",
            "containerlab's files have `topology` with `nodes`",
        ),
        (
            "topology: [a]\n",
            1,
            "lab `office`: cannot set `topology`: the value is not a table",
            "indent its keys below it",
        ),
        (
            "nam: x\ntopology:\n",
            1,
            "lab `office`: cannot set `nam`: there is no such key",
            "did you mean `name`?",
        ),
        (
            "topology:\n  node:\n    a: { kind: linux }\n",
            2,
            "lab `office`: cannot set `node`: there is no such key",
            "did you mean `nodes`?",
        ),
        (
            "topology:\n  groups:\n    x: { kind: linux }\n",
            2,
            "lab `office`: cannot set `groups`: groups are not read",
            "write kind and image at the nodes, in `kinds` or in `defaults`",
        ),
        (
            "topology:\n  nodes:\n",
            2,
            "lab `office`: it has no nodes",
            "add one below `nodes`",
        ),
        (
            "topology:\n  nodes:\n    a: { image: x }\n",
            3,
            "node `a` of lab `office`: it has no kind",
            "write `kind: linux` there or in `defaults`",
        ),
        (
            "topology:\n  nodes:\n    a: { kind: linux, image: \"x:1\" }\n    b: { kind: odd, image: \"y:2\" }\n",
            4,
            "node `b` of lab `office`: it has no guest: `guests` names neither the node, nor its image `y:2`, nor its kind `odd`",
            "write `guests = { \"odd\" = \"host\" }` in the lab's table of vm-test.toml",
        ),
        (
            "topology:\n  nodes:\n    A: { kind: linux }\n",
            3,
            "node `A` of lab `office`: `A` is not allowed in its name",
            "use 1 to 63 lower-case ASCII letters, digits and `-`, starting with a letter and ending with a letter or a digit",
        ),
        (
            "topology:\n  nodes:\n    driver: { kind: linux }\n",
            3,
            "node `driver` of lab `office`: its name is reserved: the driver is the node that a test's body runs on if it names none",
            "choose another name",
        ),
        (
            "topology:\n  nodes:\n    br: { kind: bridge }\n",
            3,
            "node `br` of lab `office`: kind `bridge` is a part of the host, which no lab has",
            "declare the lab's networks in vm-test.toml instead",
        ),
        (
            "topology:\n  defaults: { env: {} }\n  nodes:\n    a: { kind: linux }\n",
            2,
            "`defaults` of lab `office`: cannot set `env`: it is not read",
            "what sets a node up belongs in its guest's image or in the test; to read the file without it, write `ignore = [\"env\"]` in the lab's table of vm-test.toml",
        ),
        (
            "topology:\n  kinds:\n    linux: { cmd: sh }\n  nodes:\n    a: { kind: linux }\n",
            3,
            "kind `linux` of lab `office`: cannot set `cmd`: it is not read",
            "what sets a node up belongs in its guest's image or in the test; to read the file without it, write `ignore = [\"cmd\"]` in the lab's table of vm-test.toml",
        ),
        (
            "topology:\n  nodes:\n    a: { kind: [linux] }\n",
            3,
            "node `a` of lab `office`: cannot set `kind`: the value is not a text",
            "write `kind: …`",
        ),
        (
            &format!("topology:\n  nodes:\n{many}"),
            2,
            "lab `office`: there are 33 nodes",
            "a lab has at most 32",
        ),
        (
            "topology:\n  nodes:\n    a: { kind: linux }\n    a: { kind: linux }\n",
            4,
            "lab `office`: `a` stands there twice",
            "leave one of the two out",
        ),
        (
            "x: &x { kind: linux }\ntopology:\n  nodes:\n    a: *x\n",
            4,
            "lab `office`: aliases are not read",
            "write out what stands at the anchor",
        ),
        (
            "topology:\n  nodes:\n    a:\n      <<: { kind: linux }\n",
            4,
            "lab `office`: `<<` is not read",
            "write out what it would merge",
        ),
        (
            "topology:\n  ? [a]\n  : b\n",
            2,
            "lab `office`: a key is not a text",
            "put a key that looks like something else in quotes",
        ),
        (
            "topology:\n---\ntopology:\n",
            2,
            "lab `office`: a second document begins here",
            "use one file for each topology",
        ),
        (
            &format!("topology: {}\n", "[".repeat(17)),
            1,
            "lab `office`: more than 16 tables and lists are in each other",
            "no topology needs that: make it flatter",
        ),
    ] {
        let words = format!("cannot use {words}");
        let guests = "guests = { linux = \"host\" }\n";
        assert_refused(file, guests, ("topo.clab.yml", line), &words, hint);
    }
    let error = lab("topology:\n\tnodes: {}\n", "").unwrap_err();
    let words = "cannot use lab `office`: it is not YAML: ";
    assert!(error.message.starts_with(words), "{error}");
    assert!(error.message.ends_with("topo.clab.yml, line 2)"), "{error}");
}
