//! The argument list: what is read, and the error for each mistake in it.

use super::*;

fn parse(arguments: &str) -> syn::Result<Attribute> {
    Attribute::parse(arguments.parse().unwrap())
}

/// Returns all errors of a list that cannot be read.
fn messages(arguments: &str) -> Vec<String> {
    let errors = parse(arguments)
        .err()
        .unwrap_or_else(|| panic!("{arguments} was read"));
    errors.into_iter().map(|error| error.to_string()).collect()
}

#[test]
fn the_guest_comes_first_and_is_optional() {
    for (arguments, guest, keys) in [
        ("", "host", &[][..]),
        (r#""worker-1""#, "worker-1", &[]),
        (r#""worker-1","#, "worker-1", &[]),
        (r#"cpus = 2"#, "host", &["cpus"]),
        (r#""w", cpus = 2, memory = "1G","#, "w", &["cpus", "memory"]),
        (r##"r#"raw"#, privileged = true"##, "raw", &["privileged"]),
    ] {
        let attribute = parse(arguments).unwrap();
        assert!(
            matches!(&attribute.guests, Guests::One(one) if one == guest),
            "{arguments}"
        );
        let read: Vec<_> = attribute.settings.iter().map(Setting::key).collect();
        assert_eq!(read, keys, "{arguments}");
        assert!(attribute.runtime.is_none(), "{arguments}");
    }
}

#[test]
fn the_path_of_the_runtime_can_be_given() {
    for (arguments, path) in [
        ("crate = crate", "crate"),
        ("crate = ::a::b", ":: a :: b"),
        (
            r#""w", crate = crate::prelude::vm_test, cpus = 1"#,
            "crate :: prelude :: vm_test",
        ),
    ] {
        let attribute = parse(arguments).unwrap();
        assert_eq!(attribute.runtime.to_token_stream().to_string(), path);
    }
}

#[test]
fn fragments_of_macro_rules_are_read_like_what_they_stand_for() {
    use proc_macro2::{Delimiter, Group};
    let invisible = |tokens: &str| Group::new(Delimiter::None, tokens.parse().unwrap());
    let (guest, count, size) = (invisible(r#""w""#), invisible("2"), invisible(r#""1G""#));
    let arguments = quote::quote!(#guest, cpus = #count, memory = #size);
    let attribute = Attribute::parse(arguments).unwrap();
    assert!(matches!(attribute.guests, Guests::One(guest) if guest == "w"));
    assert_eq!(attribute.settings.len(), 2);
}

#[test]
fn every_mistake_in_the_list_names_its_cause_and_its_cure() {
    for (arguments, expected) in [
        (
            "NAME",
            "cannot use this as the name of a guest: it is not a string literal, and guests are chosen when the \
             test is compiled\nhint: write the name itself in quotes, as in `#[on_vm(\"worker-1\")]`",
        ),
        (
            "db-2",
            "cannot use this as the name of a guest: it is not a string literal, and guests are chosen when the \
             test is compiled\nhint: write the name itself in quotes, as in `#[on_vm(\"db-2\")]`",
        ),
        (
            r#""""#,
            "cannot use a guest without a name: the name is empty\n\
             hint: name a guest, or write `#[on_vm]` for guest `host`",
        ),
        (
            r#"cpus = 2, "w""#,
            "cannot use guest `w`: the name of the guest is not the first argument\nhint: write `#[on_vm(\"w\", …)]`",
        ),
        (
            r#""a", "b""#,
            "cannot use guest `b`: the test already runs in guest `a`\n\
             hint: name one guest; write another test for the other",
        ),
        (
            "cpus = 1, cpus = 2",
            "cannot set `cpus` twice: one of the values would be lost\nhint: remove one of the two",
        ),
        (
            "crate = a, crate = b",
            "cannot set `crate` twice: one of the values would be lost\nhint: remove one of the two",
        ),
        (
            r#""w", setup = "crate::install""#,
            "cannot set `setup`: the value is not the path of a function\n\
             hint: write it without quotes: `setup = crate::install`",
        ),
        (
            r#""w", setup = || ()"#,
            "cannot set `setup`: the value is not the path of a function\nhint: write `setup = crate::install`",
        ),
        (
            r#""w", setup"#,
            "cannot set `setup`: it has no value\nhint: write `setup = crate::install`",
        ),
        (
            r#""w", set_up = a"#,
            "cannot set `set_up`: there is no such key\nhint: did you mean `setup`?",
        ),
        (
            "setup = a, setup = b",
            "cannot set `setup` twice: one of the values would be lost\nhint: remove one of the two",
        ),
        (
            r#"lab = "office", setup = a"#,
            "cannot set `setup`: the test has a lab, and its nodes have the guests of `vm-test.toml`\n\
             hint: leave it out, and have an image of the nodes contain what they need",
        ),
        (
            r#"crate = "a""#,
            "cannot set `crate`: the value is not a path\n\
             hint: write the path of the runtime without quotes, as in `crate = my_crate::vm_test`",
        ),
        (
            "privileged",
            "cannot set `privileged`: it has no value\nhint: write `privileged = true`",
        ),
        (
            "memory =",
            "cannot set `memory`: it has no value\nhint: write `memory = \"512M\"`",
        ),
        (
            "cpus = , privileged = true",
            "cannot set `cpus`: it has no value\nhint: write `cpus = 2`",
        ),
        (
            "cpus: 2",
            "cannot set `cpus`: there is no `=` after the key\nhint: write `cpus = 2`",
        ),
        (
            "cpus(2)",
            "cannot set `cpus`: there is no `=` after the key\nhint: write `cpus = 2`",
        ),
        (
            "cpus = 1 privileged = true",
            "cannot read the arguments of `#[on_vm]`: there is no comma before this\n\
             hint: put a `,` between two arguments",
        ),
        (
            ",",
            "cannot read the arguments of `#[on_vm]`: expected an expression\nhint: write `#[on_vm]`, \
             `#[on_vm(\"worker-1\")]` or `#[on_vm(\"worker-1\", memory = \"1G\")]`",
        ),
    ] {
        assert_eq!(messages(arguments), [expected], "{arguments}");
    }
}

#[test]
fn all_mistakes_of_one_list_are_reported_at_once() {
    let found = messages(r#"1, cpus = 0, timout = "1s", memory = 5"#);
    let subjects: Vec<_> = found
        .iter()
        .map(|message| message.split(':').next().unwrap())
        .collect();
    let expected = [
        "cannot use this as the name of a guest",
        "cannot set `cpus`",
        "cannot set `timout`",
        "cannot set `memory`",
    ];
    assert_eq!(subjects, expected);
}

#[test]
fn a_lab_and_its_node_are_names_and_stand_in_place_of_a_guest() {
    for (arguments, expected) in [
        (r#"lab = "office""#, Some(("office", "driver"))),
        (r#"lab = "office", node = "gw""#, Some(("office", "gw"))),
        (
            r#"node = "gw", cpus = 2, lab = "office""#,
            Some(("office", "gw")),
        ),
        ("", None),
    ] {
        let lab = parse(arguments).unwrap().lab;
        let found = lab.map(|lab| lab.expand(&quote::quote!(p)).to_string());
        let expected = expected.map(|(name, node)| {
            format!("p :: LabSite {{ name : {name:?} , node : {node:?} , nodes : & [] }}")
        });
        assert_eq!(found, expected, "{arguments}");
    }
    for (arguments, words) in [
        (r#"node = "gw""#, "the test has no lab"),
        (r#""deb", lab = "office""#, "already runs in guest `deb`"),
        (
            r#"lab = "office", each = ["a"]"#,
            "already runs in each guest of a list",
        ),
        (r#"lab = "a", lab = "b""#, "cannot set `lab` twice"),
        (r#"labs = "office""#, "did you mean `lab`?"),
        (r#"lab = "office", nod = "gw""#, "did you mean `node`?"),
        ("lab = office", "the value is not a name in quotes"),
        ("lab", "it has no value"),
        (r#"lab = "-x""#, "cannot set `lab`"),
    ] {
        let messages = messages(arguments);
        assert!(
            messages.iter().any(|message| message.contains(words)),
            "{arguments}: {messages:?}"
        );
    }
}

#[test]
fn a_lab_may_be_declared_at_the_site() {
    for arguments in [
        r#"lab(gw = "router", t1 = "deb"), node = "gw""#,
        r#"node = "gw", lab(gw = "router", t1 = "deb",), cpus = 2"#,
    ] {
        let lab = parse(arguments).unwrap().lab.unwrap();
        assert_eq!(
            lab.expand(&quote::quote!(p)).to_string(),
            r#"p :: LabSite { name : "site" , node : "gw" , nodes : & [("gw" , "router") , ("t1" , "deb")] }"#,
            "{arguments}"
        );
    }
    let lab = parse(r#"lab(type = "deb")"#).unwrap().lab.unwrap();
    let tokens = lab.expand(&quote::quote!(p)).to_string();
    assert!(
        tokens.contains(r#"node : "driver" , nodes : & [("type" , "deb")]"#),
        "{tokens}"
    );
}

#[test]
fn each_mistake_in_a_lab_at_the_site_is_named_once() {
    for (arguments, expected) in [
        ("lab()", &["cannot set `lab`: it has no nodes"][..]),
        (
            r#"lab("office")"#,
            &["cannot set `lab`: this is not the name of a node with a `=` after it"],
        ),
        (
            r#"node = "gw", lab(gw, t1 = "deb")"#,
            &["cannot set `lab`: this is not the name of a node with a `=` after it"],
        ),
        ("lab(gw =)", &["cannot use node `gw`: it has no guest"]),
        (
            r#"lab(gw = "a", gw = "b", driver = "c", Gw = "d", t1 = deb, t2 = "-x")"#,
            &[
                "cannot use node `gw`: there is a node of this name already",
                "cannot use node `driver`: its name is reserved",
                "cannot use node `Gw`: `G` is not allowed in its name",
                "cannot use node `t1`: its guest is not a name in quotes",
                "cannot use guest `-x`: the name starts with `-`",
            ],
        ),
        (
            r#"lab(gw = "a" t1 = "b")"#,
            &["cannot set `lab`: there is no comma before this"],
        ),
        (
            r#"lab(gw = "a"), lab = "office""#,
            &["cannot set `lab` twice"],
        ),
        (
            r#""deb", lab(gw = "a")"#,
            &["cannot set `lab`: the test already runs in guest `deb`"],
        ),
    ] {
        let messages = messages(arguments);
        assert_eq!(messages.len(), expected.len(), "{arguments}: {messages:?}");
        for (message, words) in messages.iter().zip(expected) {
            assert!(message.starts_with(words), "{arguments}: {message}");
        }
    }
}
