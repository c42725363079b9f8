//! The list of guests, the names of the tests made of it, and the error for each mistake.

use crate::attribute::Attribute;
use crate::function::Function;

fn functions(arguments: &str, item: &str) -> syn::Result<Vec<(String, String)>> {
    let attribute = Attribute::parse(arguments.parse().unwrap())?;
    let function = Function::parse(item.parse().unwrap())?;
    let functions = attribute.guests.functions(&function)?;
    Ok(functions
        .into_iter()
        .map(|(guest, function)| (guest, function.signature.ident.to_string()))
        .collect())
}

#[test]
fn every_guest_has_a_test_named_after_it() {
    for (arguments, name, expected) in [
        (r#""a""#, "f", &[("a", "f")][..]),
        (r#"each = ["a"]"#, "f", &[("a", "f_on_a")]),
        (
            r#"memory = "1G", each = ["deb12-lxc", "Deb12.KVM",]"#,
            "r#match",
            &[
                ("deb12-lxc", "match_on_deb12_lxc"),
                ("Deb12.KVM", "match_on_deb12_kvm"),
            ],
        ),
    ] {
        let found = functions(arguments, &format!("#[test] fn {name}() {{}}")).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        assert_eq!(found, expected, "{arguments}");
    }
}

#[test]
fn any_attribute_but_the_compilers_own_may_make_a_test() {
    for (attributes, makes) in [
        ("", false),
        ("#[should_panic] #[ignore = \"slow\"]", false),
        ("/// #[test]\n #[expect(unused)] #[rustfmt::skip]", false),
        ("#[test]", true),
        ("#[tokio::test(flavor = \"multi_thread\")]", true),
        ("#[rstest] #[case(1)]", true),
        ("#[ignore] #[test_case(1)]", true),
        ("#[apply(template)]", true),
        ("#[cfg_attr(unix, test)]", true),
    ] {
        let made = functions(r#"each = ["a"]"#, &format!("{attributes} fn f() {{}}"));
        assert_eq!(made.is_ok(), makes, "{attributes}");
    }
}

#[test]
fn every_mistake_in_the_list_names_its_cause_and_its_cure() {
    for (arguments, expected) in [
        ("each = []", "cannot set `each`: the list is empty, "),
        (
            "each = \"debians\"",
            "cannot set `each`: there is no vm-test.toml in ",
        ),
        (
            "each = A",
            "cannot set `each`: the value is neither a list of names in quotes nor the name of a group\nhint: write `each = [",
        ),
        (
            "each =",
            "cannot set `each`: it has no value\nhint: write `each = [",
        ),
        (
            "each([\"a\"])",
            "cannot set `each`: there is no `=` after the key\nhint: write `each = [",
        ),
        (
            "each = [\"a\"], each = [\"b\"]",
            "cannot set `each` twice: ",
        ),
        (
            "each = [\"a\", B]",
            "cannot use this as the name of a guest: it is not a string literal, ",
        ),
        (
            "each = [\"a\", \"../b\"]",
            "cannot use guest `../b`: `/` is not allowed in a name\n",
        ),
        (
            "each = [\"a\", \"a\"]",
            "cannot use guest `a`: it is already in the list\nhint: remove one of the two",
        ),
        (
            "each = [\"a.b\", \"A-b\"]",
            "cannot use guest `A-b`: its test would have the name of the one on guest `a.b`, which ends in `_on_a_b`\n",
        ),
        (
            "\"a\", each = [\"b\"]",
            "cannot set `each`: the test already runs in guest `a`\nhint: write all guests in the list, as in `each = [\"a\", …]`",
        ),
        (
            "each = [\"b\"], \"a\"",
            "cannot use guest `a`: the test already runs in each guest of a list\nhint: add the name to the list",
        ),
        (
            "guests = [\"a\"]",
            "cannot set `guests`: there is no such key\nhint: did you mean `each`?",
        ),
    ] {
        let error = functions(arguments, "#[test] fn f() {}").unwrap_err();
        let messages: Vec<_> = error.into_iter().map(|error| error.to_string()).collect();
        assert_eq!(messages.len(), 1, "{messages:?}");
        assert!(
            messages[0].starts_with(expected),
            "{arguments}: {messages:?}"
        );
    }
}
