//! Networks with routers: the nodes, addresses and routes that come of them, and each mistake.

use super::super::{Lab, Node, Port, Translation};
use super::{assert_refused, office};

/// Two networks behind routers on the internet, and one behind a router on one of them.
const HOMES: &str = "
    [lab.office.networks]
    lan = { router = \"easy-nat\" }
    deep = { router = \"one-to-one\", upstream = \"lan\" }
    plain = {}
    [lab.office.nodes]
    a = { guest = \"host\", networks = [\"plain\", \"lan\"] }
    b = { guest = \"host\", networks = [\"deep\"] }
    s = { guest = \"host\", networks = [\"internet\"] }
    c = { guest = \"host\", networks = [\"deep\", \"internet\"], power = \"off\" }
";

fn node<'a>(lab: &'a Lab, name: &str) -> &'a Node {
    lab.nodes.iter().find(|node| node.name == name).unwrap()
}

/// Returns the routes of a port, as `ip route` writes them.
fn routes(port: &Port) -> Vec<String> {
    let routes = port.routes.iter();
    routes
        .map(|route| format!("{}/{} via {}", route.to, route.prefix, route.via))
        .collect()
}

fn address(port: &Port) -> String {
    port.address.unwrap().v4.to_string()
}

#[test]
fn a_router_is_a_node_more_with_the_last_address_of_its_network() {
    let lab = office(HOMES).unwrap();
    let networks: Vec<_> = lab.networks.iter().map(|it| &*it.name).collect();
    assert_eq!(networks, ["lan", "deep", "plain", "internet"]);
    let nodes: Vec<_> = lab.nodes.iter().map(|it| &*it.name).collect();
    assert_eq!(nodes, ["a", "b", "s", "c", "lan-router", "deep-router"]);
    for (name, inside, outside, translation) in [
        (
            "lan-router",
            ("lan", "10.213.1.254"),
            ("internet", "10.213.4.253"),
            Translation::Easy,
        ),
        (
            "deep-router",
            ("deep", "10.213.2.254"),
            ("lan", "10.213.1.252"),
            Translation::OneToOne,
        ),
    ] {
        let router = node(&lab, name);
        assert_eq!(router.guest.name, "host");
        let [one, other] = &*router.ports else {
            panic!("{name} has {} ports", router.ports.len());
        };
        assert_eq!((&*one.network, &*address(one)), inside);
        assert_eq!((&*other.network, &*address(other)), outside);
        assert!(one.forwarding.is_none());
        let forwarding = other.forwarding.as_ref().unwrap();
        assert_eq!(forwarding.translation, translation);
        assert_eq!(forwarding.inside, "eth0");
    }
    assert!(
        node(&lab, "a")
            .ports
            .iter()
            .all(|port| port.forwarding.is_none())
    );
}

#[test]
fn each_node_has_the_routes_that_it_needs() {
    let lab = office(HOMES).unwrap();
    let everywhere =
        |of_4: &str, of_6: &str| vec![format!("0.0.0.0/0 via {of_4}"), format!("::/0 via {of_6}")];
    let a = node(&lab, "a");
    assert_eq!(routes(&a.ports[0]), [""; 0]);
    let mut expected = everywhere("10.213.1.254", "fd76:6d2d:7465:1::fe");
    expected.push("fd76:6d2d:7465:2::/64 via fd76:6d2d:7465:1::fc".to_owned());
    assert_eq!(routes(&a.ports[1]), expected);
    let b = node(&lab, "b");
    let expected = everywhere("10.213.2.254", "fd76:6d2d:7465:2::fe");
    assert_eq!(routes(&b.ports[0]), expected);
    let to = |network: u8| format!("fd76:6d2d:7465:{network}::/64 via fd76:6d2d:7465:4::fd");
    assert_eq!(routes(&node(&lab, "s").ports[0]), [to(1), to(2)]);
    let c = node(&lab, "c");
    assert_eq!(routes(&c.ports[0]), expected);
    assert_eq!(routes(&c.ports[1]), [to(1)]);
    let deep = node(&lab, "deep-router");
    assert_eq!(routes(&deep.ports[0]), [""; 0]);
    let expected = everywhere("10.213.1.254", "fd76:6d2d:7465:1::fe");
    assert_eq!(routes(&deep.ports[1]), expected);
    let lan = node(&lab, "lan-router");
    let expected = ["fd76:6d2d:7465:2::/64 via fd76:6d2d:7465:1::fc"];
    assert_eq!(routes(&lan.ports[0]), expected);
    assert_eq!(routes(&lan.ports[1]), [""; 0]);
}

#[test]
fn behind_a_one_to_one_router_each_node_has_an_address_more() {
    let lab = office(HOMES).unwrap();
    let mapped = |name: &str| {
        let mapped = node(&lab, name).ports[0].mapped.clone();
        mapped.map(|mapped| (mapped.network, mapped.v4.to_string()))
    };
    let on_lan = |address: &str| Some(("lan".to_owned(), address.to_owned()));
    assert_eq!(mapped("b"), on_lan("10.213.1.101"));
    assert_eq!(mapped("c"), on_lan("10.213.1.102"));
    assert_eq!(mapped("a"), None);
    assert!(
        lab.hosts().contains("\n10.213.1.101 b\n"),
        "{}",
        lab.hosts()
    );
    let router = node(&lab, "deep-router");
    let pairs: Vec<_> = router.ports[1]
        .forwarding
        .iter()
        .flat_map(|it| &it.mapped)
        .collect();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(it, other)| format!("{it} {other}"))
        .collect();
    assert_eq!(
        pairs,
        ["10.213.2.2 10.213.1.101", "10.213.2.4 10.213.1.102"]
    );
}

#[test]
fn a_network_of_the_file_may_be_the_internet() {
    let text = HOMES.replace("plain = {}", "plain = {}\n    internet = { mtu = 9000 }");
    let lab = office(&text).unwrap();
    let networks: Vec<_> = lab.networks.iter().map(|it| (&*it.name, it.mtu)).collect();
    assert_eq!(networks[3], ("internet", 9000));
    assert_eq!(networks.len(), 4);
    // Without a router there is none.
    let text = "[lab.office.nodes]\na = { guest = \"host\", networks = [\"internet\"] }\n";
    assert!(office(text).is_err());
}

#[test]
fn each_mistake_with_a_router_is_named() {
    let long = "x".repeat(57);
    let of_long = format!("{long} = {{ router = \"easy-nat\" }}");
    for (line, network, table, words, hint) in [
        (
            2,
            "lan",
            "lan = { router = \"easy-nat\", trunk = true }",
            "cannot set `router`: the network is a trunk, and only addresses can be routed",
            "leave one of the two out",
        ),
        (
            2,
            "lan",
            "lan = { upstream = \"wan\" }",
            "cannot set `upstream`: the network has no router, which would lead there",
            "write `router = \"easy-nat\"`",
        ),
        (
            2,
            "lan",
            "lan = { router = \"none\", upstream = \"wan\" }",
            "cannot set `upstream`: the network has no router, which would lead there",
            "write `router = \"easy-nat\"`",
        ),
        (
            2,
            "lan",
            "lan = { router = \"easy-nat\", upstream = 1 }",
            "cannot set `upstream`: the value is not a name in quotes",
            "write `upstream = \"wan\"`",
        ),
        (
            2,
            "lan",
            "lan = { router = \"easy-nat\", upstream = \"wam\" }\nwan = {}",
            "cannot set `upstream`: there is no network `wam`",
            "did you mean `wan`?",
        ),
        (
            2,
            "lan",
            "lan = { router = \"easy-nat\", upstream = \"office\" }\nwan = {}",
            "cannot set `upstream`: there is no network `office`",
            "name one of the other networks of the lab, or leave it out: then it is `internet`, which needs no table",
        ),
        (
            2,
            "lan",
            "lan = { router = \"easy-nat\", upstream = \"phys\" }\nphys = { trunk = true }\nwan = {}",
            "cannot set `upstream`: network `phys` is a trunk, which has no addresses",
            "name `wan`",
        ),
        (
            2,
            "lan",
            "lan = { router = \"easy-nat\", upstream = \"lan\" }",
            "cannot set `upstream`: the router would lead from the network to itself",
            "name another network",
        ),
        (
            2,
            "internet",
            "internet = { router = \"easy-nat\" }",
            "cannot set `upstream`: routers lead to `internet` by default, and this is that network",
            "name another network",
        ),
        (
            2,
            "lan",
            "lan = { router = \"easy-nat\", upstream = \"wan\" }\nwan = { router = \"hard-nat\", upstream = \"lan\" }",
            "the way from its router leads back to it",
            "set `upstream` of the networks on the way so that it ends at one without a router",
        ),
        (
            2,
            &long,
            &of_long,
            &format!("its router would be node `{long}-router`, whose name is too long"),
            "choose a name for the network with which that has at most 63 characters",
        ),
    ] {
        let text = format!("[lab.office.networks]\n{table}\n");
        let words = format!("cannot use network `{network}` of lab `office`: {words}");
        assert_refused(&[(&text, line, &words, hint)]);
    }
    assert_refused(&[(
        "[lab.office]\nnetworks.lan.router = \"easy-nat\"\nnodes.lan-router.guest = \"host\"\n",
        3,
        "cannot use node `lan-router` of lab `office`: its name is that of the router of network `lan`",
        "choose another name",
    )]);
}

#[test]
fn a_network_has_outside_addresses_for_so_many_nodes() {
    let networks: String = (0..8)
        .map(|it| format!("n{it} = {{ router = \"one-to-one\" }}\n"))
        .collect();
    let on: Vec<_> = (0..8).map(|it| format!("\"n{it}\"")).collect();
    let on = on.join(", ");
    let lab = |count: usize| {
        let nodes: String = (0..count)
            .map(|it| format!("a{it} = {{ guest = \"host\", networks = [{on}] }}\n"))
            .collect();
        office(&format!(
            "[lab.office.networks]\n{networks}[lab.office.nodes]\n{nodes}"
        ))
    };
    assert!(lab(17).is_ok());
    let error = lab(18).unwrap_err();
    assert_eq!(
        error.message,
        "cannot use lab `office`: cannot map every node of network `n7` to an address of network `internet`: it has no more"
    );
}
