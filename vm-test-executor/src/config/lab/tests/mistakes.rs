//! The message for each mistake in the table of a lab or in a network.

use super::{assert_refused, office};

#[test]
fn a_mistake_in_the_table_of_a_lab_is_named() {
    assert_refused(&[
        (
            "[lab.office]\n",
            1,
            "cannot use lab `office`: it has no nodes",
            "declare them in [lab.office.nodes], as in `gw = { guest = \"host\" }`",
        ),
        (
            "\n[lab.office.networks]\nlan = {}\n[lab.office.nodes]\n",
            2,
            "cannot use lab `office`: it has no nodes",
            "declare them in [lab.office.nodes], as in `gw = { guest = \"host\" }`",
        ),
        (
            "[lab.office.node]\n",
            1,
            "cannot use lab `office`: cannot set `node`: there is no such key",
            "did you mean `nodes`?",
        ),
        (
            "[lab.office]\nmemory = \"1G\"\n",
            2,
            "cannot use lab `office`: cannot set `memory`: there is no such key",
            "the keys are networks, nodes, containerlab",
        ),
        (
            "[lab.office]\nnodes = [\"gw\"]\n",
            2,
            "cannot use lab `office`: cannot set `nodes`: the value is not a table",
            "write `nodes = { gw = { guest = \"host\" } }`",
        ),
        (
            "[lab.office]\nnetworks = [\"lan\"]\n",
            2,
            "cannot use lab `office`: cannot set `networks`: the value is not a table",
            "write `networks = { lan = {} }`",
        ),
    ]);
}

#[test]
fn a_mistake_in_a_network_is_named() {
    let row = |network: &str| format!("[lab.office.networks]\n{network}\n");
    for (network, words, hint) in [
        ("lan = 1", "it is not a table", "write `lan = {}`"),
        (
            "lan = { trunc = true }",
            "cannot set `trunc`: there is no such key",
            "did you mean `trunk`?",
        ),
        (
            "lan = { vlan = 92 }",
            "cannot set `vlan`: there is no such key",
            "the keys are trunk, mtu, router, upstream",
        ),
        (
            "lan = { trunk = \"yes\" }",
            "cannot set `trunk`: the value is neither `true` nor `false`",
            "write `trunk = true`",
        ),
        (
            "lan = { mtu = 1279 }",
            "cannot set `mtu`: the value is not a whole number from 1280 to 9216",
            "write `mtu = 9000`",
        ),
        (
            "lan = { mtu = 9217 }",
            "cannot set `mtu`: the value is not a whole number from 1280 to 9216",
            "write `mtu = 9000`",
        ),
        (
            "lan = { mtu = \"9000\" }",
            "cannot set `mtu`: the value is not a whole number from 1280 to 9216",
            "write `mtu = 9000`",
        ),
        (
            "lan = { router = \"easy_nat\" }",
            "cannot set `router`: there is no `easy_nat`",
            "write `router = \"easy-nat\"`",
        ),
        (
            "lan = { router = true }",
            "cannot set `router`: the value is not a word in quotes",
            "write `router = \"none\"`",
        ),
    ] {
        let words = format!("cannot use network `lan` of lab `office`: {words}");
        assert_refused(&[(&row(network), 2, &words, hint)]);
    }
    assert_refused(&[(
        &row("l_n = {}"),
        2,
        "cannot use network `l_n` of lab `office`: `_` is not allowed in its name",
        "use 1 to 63 lower-case ASCII letters, digits and `-`, starting with a letter and ending with a letter or a digit",
    )]);
}

#[test]
fn the_limits_of_a_network_and_its_router_none_are_accepted() {
    for (table, mtu) in [
        ("{ mtu = 1280 }", 1280),
        ("{ mtu = 0x2400 }", 9216),
        ("{ router = \"none\" }", 1500),
    ] {
        let text = format!(
            "[lab.office]\nnodes.a.guest = \"host\"\n[lab.office.networks]\nlan = {table}\n"
        );
        assert_eq!(office(&text).unwrap().networks[0].mtu, mtu, "{table}");
    }
}

#[test]
fn the_numbers_of_networks_nodes_and_ports_are_limited() {
    let some = |count: usize, table: &str| -> String {
        (0..count).map(|it| format!("a{it} = {table}\n")).collect()
    };
    let networks = format!("[lab.office.networks]\n{}", some(17, "{}"));
    let nodes = format!("[lab.office.nodes]\n{}", some(33, "{ guest = \"host\" }"));
    let names: Vec<String> = (0..9).map(|it| format!("\"a{it}\"")).collect();
    let ports = format!(
        "[lab.office.nodes.gw]\nguest = \"host\"\nnetworks = [{}]\n[lab.office.networks]\n{}",
        names.join(", "),
        some(9, "{}")
    );
    assert_refused(&[
        (
            &networks,
            18,
            "cannot use lab `office`: cannot set `networks`: there are 17",
            "a lab has at most 16 networks",
        ),
        (
            &nodes,
            34,
            "cannot use lab `office`: cannot set `nodes`: there are 33",
            "a lab has at most 32 nodes",
        ),
        (
            &ports,
            3,
            "cannot use node `gw` of lab `office`: cannot set `networks`: there are 9",
            "a node is on at most 8 networks",
        ),
    ]);
}
