//! What a guest is given: files, modules, interfaces, ports. Values that are not taken.

use super::read;

#[test]
fn every_wrong_value_names_its_cause_and_its_cure() {
    for (key, value, cause, hint) in [
        (
            "interfaces",
            "9",
            "`9` is out of range",
            "write a whole number from 0 to 8",
        ),
        (
            "interfaces",
            r#"["eth0", "eth1"]"#,
            "the value is not a whole number from 0 to 8",
            "write `interfaces = 2`",
        ),
        (
            "forward",
            "[8080]",
            "the value is not a list of ports in quotes",
            r#"write `forward = ["8080"]`"#,
        ),
        (
            "forward",
            r#""18080:8080""#,
            "the value is not a list of ports in quotes",
            r#"write `forward = ["18080:8080"]`"#,
        ),
        (
            "forward",
            r#"["0.0.0.0:80:80"]"#,
            "`0.0.0.0` is not an IPv4 address of the loopback",
            "a port is forwarded to this host alone: leave the address out, or write `127.0.0.1`",
        ),
        (
            "modules",
            r#""dummy""#,
            "the value is not a list of names in quotes",
            r#"write `modules = ["dummy"]`"#,
        ),
        (
            "modules",
            r#"["dummy.ko"]"#,
            "`dummy.ko` is not the name of a module",
            r#"write it as `modprobe` takes it, with ASCII letters, digits, `_` and `-`, as in `"8021q"`"#,
        ),
        (
            "files",
            r#"["testdata"]"#,
            "the value is not a list of pairs of paths in quotes",
            r#"write `files = [("testdata", "/srv/data")]`"#,
        ),
        (
            "mounts",
            r#"("testdata", "/srv/data")"#,
            "the value is not a list of pairs of paths in quotes",
            r#"write `mounts = [("testdata", "/srv/data")]`"#,
        ),
        (
            "files",
            r#"[("a", "/b", "/c")]"#,
            "the value is not a list of pairs of paths in quotes",
            r#"write `files = [("testdata", "/srv/data")]`"#,
        ),
        (
            "files",
            r#"[("", "/b")]"#,
            "`from` is empty",
            "name a file or directory of the host: an absolute path, or one that starts at the directory of vm-test.toml",
        ),
        (
            "files",
            r#"[("a", "b")]"#,
            "`b` is relative",
            r#"write an absolute path of the guest without `..`, as in `"/srv/data"`"#,
        ),
        (
            "files",
            r#"[("a", "/c"), ("b", "/c")]"#,
            "`/c` is already in the list",
            "remove one of the two",
        ),
    ] {
        let message = read(key, value).expect_err(value).to_string();
        assert_eq!(
            message,
            format!("cannot set `{key}`: {cause}\nhint: {hint}"),
            "{key} = {value}"
        );
    }
}
