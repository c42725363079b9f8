//! The message for each mistake in a node, and what is none.

use super::{assert_refused, office, with_nodes};
use vm_test_settings::guest::Key;

#[test]
fn a_mistake_in_a_node_is_named() {
    for (node, words, hint) in [
        (
            "gw = \"router\"",
            "it is not a table",
            "write `gw = { guest = \"host\" }`",
        ),
        ("gw = {}", "it names no guest", "write `guest = \"host\"`"),
        (
            "gw = { guest = [\"host\"] }",
            "cannot set `guest`: the value is not a name in quotes",
            "write `guest = \"host\"`",
        ),
        (
            "gw = { guest = \"hots\" }",
            "cannot set `guest`: there is no guest `hots`",
            "did you mean `host`?",
        ),
        (
            "gw = { guest = \"debian\" }",
            "cannot set `guest`: there is no guest `debian`",
            "the guests are `host`; declare another as [guest.debian] in vm-test.toml at the workspace's root",
        ),
        (
            "gw = { guest = \"host\", memroy = \"1G\" }",
            "cannot set `memroy`: there is no such key",
            "did you mean `memory`?",
        ),
        (
            "gw = { guest = \"host\", netwroks = [\"lan\"] }",
            "cannot set `netwroks`: there is no such key",
            "did you mean `networks`?",
        ),
        (
            "gw = { guest = \"host\", memory = 512 }",
            "cannot set `memory`: the value is not a size in quotes",
            "write `memory = \"512M\"`",
        ),
        (
            "gw = { guest = \"host\", memory = \"2T\" }",
            "cannot use guest `host`: its memory of 2T is out of range",
            "memory must be between 16M and 1T",
        ),
        (
            "gw = { guest = \"host\", privileged = true }",
            "guest `host` is privileged",
            "write `privileged = false` in the node's table",
        ),
        (
            "gw = { guest = \"host\", networks = \"lan\" }",
            "cannot set `networks`: the value is not a list of names in quotes",
            "write `networks = [\"lan\"]`",
        ),
        (
            "gw = { guest = \"host\", networks = [1] }",
            "cannot set `networks`: the value is not a list of names in quotes",
            "write `networks = [\"lan\"]`",
        ),
        (
            "gw = { guest = \"host\", networks = [\"lam\"] }",
            "cannot set `networks`: there is no network `lam`",
            "did you mean `lan`?",
        ),
        (
            "gw = { guest = \"host\", networks = [\"phys\"] }",
            "cannot set `networks`: there is no network `phys`",
            "the networks are `lan` and `wan`",
        ),
        (
            "gw = { guest = \"host\", networks = [\"lan\", \"wan\", \"lan\"] }",
            "cannot set `networks`: network `lan` stands there twice",
            "a node has one port on a network: leave one out",
        ),
        (
            "gw = { guest = \"host\", network = \"lan\" }",
            "cannot set `network`: it says whether the node has a network outside of the lab",
            "write `networks = [\"lan\"]`",
        ),
        (
            "gw = { guest = \"host\", network = [\"wan\"] }",
            "cannot set `network`: it says whether the node has a network outside of the lab",
            "write `networks = [\"lan\"]`",
        ),
        (
            "gw = { guest = \"host\", power = \"none\" }",
            "cannot set `power`: there is no `none`",
            "the value is `\"on\"` or `\"off\"`",
        ),
        (
            "gw = { guest = \"host\", power = false }",
            "cannot set `power`: the value is not a word in quotes",
            "write `power = \"on\"`",
        ),
    ] {
        let text = format!(
            "[lab.office.networks]\nlan = {{}}\nwan = {{}}\n[lab.office.nodes]\na = {{ guest = \"host\" }}\n{node}\n"
        );
        let words = format!("cannot use node `gw` of lab `office`: {words}");
        assert_refused(&[(&text, 6, &words, hint)]);
    }
    assert_refused(&[(
        "[lab.office.nodes]\ngw = { guest = \"host\", networks = [\"lan\"] }\n",
        2,
        "cannot use node `gw` of lab `office`: cannot set `networks`: there is no network `lan`",
        "the lab has no networks: declare them in its table `networks`",
    )]);
}

#[test]
fn names_that_no_host_can_have_and_reserved_ones_are_refused() {
    for (name, words) in [
        (
            "driver",
            "its name is reserved: the driver is the node that a test's body runs on if it names none",
        ),
        (
            "localhost",
            "its name is reserved: every node calls itself so",
        ),
    ] {
        let text = format!("[lab.office.nodes]\n{name} = {{ guest = \"host\" }}\n");
        let words = format!("cannot use node `{name}` of lab `office`: {words}");
        assert_refused(&[(&text, 2, &words, "choose another name")]);
    }
    let long = "x".repeat(64);
    for (name, words) in [
        ("GW", "`G` is not allowed in its name"),
        ("1", "its name starts with `1`"),
        (&long, "its name is 64 characters long"),
    ] {
        let text = format!("[lab.office.nodes]\n{name} = {{ guest = \"host\" }}\n");
        let error = office(&text).unwrap_err();
        let words = format!("cannot use node `{name}` of lab `office`: {words} (in ");
        assert!(error.message.starts_with(&words), "{error}");
    }
}

#[test]
fn what_a_test_has_once_is_no_setting_of_a_node() {
    for name in ["timeout", "keep", "keep_for"] {
        let key = Key::find(name).unwrap();
        let text = format!(
            "[lab.office.nodes.gw]\nguest = \"host\"\n{name} = {}\n",
            key.example_in_file()
        );
        let words = format!(
            "cannot use node `gw` of lab `office`: cannot set `{name}`: it is for a whole test"
        );
        assert_refused(&[(&text, 3, &words, "set it at the test")]);
    }
}

#[test]
fn a_node_may_have_a_network_outside_of_the_lab() {
    let lab = with_nodes("gw = { guest = \"host\", network = \"user\" }").unwrap();
    assert!(lab.nodes[0].guest.outside);
}

#[test]
fn a_node_is_started_with_its_lab_unless_its_power_is_off() {
    for (power, starts_off) in [
        ("", false),
        (", power = \"on\"", false),
        (", power = \"off\"", true),
    ] {
        let lab = with_nodes(&format!("gw = {{ guest = \"host\"{power} }}")).unwrap();
        assert_eq!(lab.nodes[0].starts_off, starts_off, "{power}");
    }
}

#[test]
fn a_privileged_guest_is_a_node_only_if_the_node_says_otherwise() {
    let text = "[guest.root]\nprivileged = true\n[lab.office.nodes.gw]\nguest = \"root\"\n";
    assert_refused(&[(
        text,
        3,
        "cannot use node `gw` of lab `office`: guest `root` is privileged",
        "write `privileged = false` in the node's table",
    )]);
    let lab = office(&format!("{text}privileged = false\n")).unwrap();
    assert!(!lab.nodes[0].guest.privileged);
}

#[test]
fn a_mistake_in_a_guest_of_a_lab_is_told_with_its_own_line() {
    assert_refused(&[(
        "[guest.a]\nmemroy = \"1G\"\n[lab.office.nodes]\ngw = { guest = \"a\" }\n",
        2,
        "cannot use node `gw` of lab `office`: cannot use guest `a`: cannot set `memroy`: there is no such key",
        "did you mean `memory`?",
    )]);
}
