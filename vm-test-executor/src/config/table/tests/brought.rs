//! The messages for mistakes in what a guest is given: files, modules, interfaces, ports.

use super::mistake;

#[test]
fn each_wrong_value_has_a_hint_that_is_accepted() {
    for (text, cause, hint) in [
        (
            "interfaces = \"2\"",
            "the value is not a whole number from 0 to 8",
            "write `interfaces = 2`",
        ),
        (
            "interfaces = [\"eth0\"]",
            "the value is not a whole number from 0 to 8",
            "write `interfaces = 2`",
        ),
        (
            "forward = 8080",
            "the value is not a list of ports in quotes",
            "write `forward = [\"8080\"]`",
        ),
        (
            "forward = [8080]",
            "the value is not a list of ports in quotes",
            "write `forward = [\"8080\"]`",
        ),
        (
            "forward = \"18080:8080\"",
            "the value is not a list of ports in quotes",
            "write `forward = [\"18080:8080\"]`",
        ),
        (
            "modules = \"dummy\"",
            "the value is not a list of names in quotes",
            "write `modules = [\"dummy\"]`",
        ),
        (
            "modules = [8021]",
            "the value is not a list of names in quotes",
            "write `modules = [\"dummy\", \"8021q\"]`",
        ),
        (
            "files = \"testdata\"",
            "the value is not a list of pairs of paths in quotes",
            "write `files = [{ from = \"testdata\", to = \"/srv/data\" }]`",
        ),
        (
            "mounts = [\"testdata\"]",
            "the value is not a list of pairs of paths in quotes",
            "write `mounts = [{ from = \"testdata\", to = \"/srv/data\" }]`",
        ),
        (
            "files = [{ from = \"a\" }]",
            "`to` is missing",
            "write `files = [{ from = \"testdata\", to = \"/srv/data\" }]`",
        ),
        (
            "files = [{ to = \"/a\" }]",
            "`from` is missing",
            "write `files = [{ from = \"testdata\", to = \"/srv/data\" }]`",
        ),
        (
            "files = [{ from = 1, to = \"/a\" }]",
            "`from` is not a path in quotes",
            "write `files = [{ from = \"testdata\", to = \"/srv/data\" }]`",
        ),
        (
            "files = [{ from = \"a\", to = \"/a\", mode = \"0755\" }]",
            "`mode` is neither `from` nor `to`",
            "write `files = [{ from = \"testdata\", to = \"/srv/data\" }]`",
        ),
        (
            "files = [{ from = \"~/a\", to = \"/a\" }]",
            "`~/a` begins with `~`, which is no home here",
            "name a file or directory of the host: an absolute path, or one that starts at the directory of vm-test.toml",
        ),
        (
            "mounts = [{ from = \"a\", to = \"srv\" }]",
            "`srv` is relative",
            "write an absolute path of the guest without `..`, as in `\"/srv/data\"`",
        ),
        (
            "mounts = [{ from = \"a\", to = \"/srv/../etc\" }]",
            "`/srv/../etc` contains `..`",
            "write an absolute path of the guest without `..`, as in `\"/srv/data\"`",
        ),
    ] {
        let found = mistake(text).expect(text);
        let (key, _) = text.split_once(' ').unwrap();
        let cause = format!("cannot set `{key}`: {cause}");
        assert_eq!((&*found.cause, &*found.hint), (&*cause, hint), "{text}");
        assert_eq!(found.line, 2, "{text}");
    }
}
