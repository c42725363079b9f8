//! Snapshots of the whole expansion, as a user would read it.

use quote::quote;

use crate::attribute::Attribute;
use crate::function::Function;

/// Expands and formats `item` with `arguments`.
fn expansion(arguments: &str, item: &str) -> String {
    let attribute =
        Attribute::parse(arguments.parse().unwrap()).unwrap_or_else(|error| panic!("{error}"));
    let function = Function::parse(item.parse().unwrap()).unwrap_or_else(|error| panic!("{error}"));
    let tokens = super::expand(&attribute, &function, &quote!(::vm_test)).unwrap();
    prettyplease::unparse(&syn::parse2(tokens).unwrap())
}

#[track_caller]
fn check(arguments: &str, item: &str, expected: &str) {
    let found = expansion(arguments, item);
    assert_eq!(found.trim(), expected.trim(), "\n{found}");
}

#[test]
fn a_sync_test_hands_its_body_over_as_a_closure() {
    check(
        "",
        "#[test] fn mounts() { mount(); }",
        include_str!("sync.snapshot"),
    );
}

#[test]
fn an_async_test_hands_its_body_over_as_a_future() {
    check(
        r#""worker-1""#,
        "#[tokio::test] async fn connects() -> Result<(), Box<dyn Error>> { connect().await?; Ok(()) }",
        include_str!("async.snapshot"),
    );
}

#[test]
fn a_set_up_is_named_and_not_called_where_the_test_is() {
    check(
        r#""worker-1", setup = crate::install"#,
        "#[test] fn mounts() { mount(); }",
        &include_str!("sync.snapshot")
            .replace("\"host\"", "\"worker-1\"")
            .replace(
                "set_up: ::core::option::Option::None",
                "set_up: ::core::option::Option::Some(|| ::vm_test::__private::SetUp::of(\n                    \
                 crate::install,\n                ))",
            ),
    );
}

#[test]
fn everything_but_the_body_stays_as_written() {
    check(
        r#""worker-1", backend = "kvm", image = "debian-12", init = "system", memory = "1G", cpus = 2,
           network = "user", timeout = "5m", env = ["A", "B"], export = ["**/*.new"], devices = ["/dev/fuse"], privileged = true"#,
        r#"/// What it proves.
           #[rstest]
           #[case::one(1)]
           #[should_panic(expected = "words")]
           pub(crate) fn keeps<'a, T>(#[case] mut first: u8, #[from(other)] (a, b): (T, &'a T)) -> ExitCode
           where T: Default {
               #![expect(unused)]
               return ExitCode::SUCCESS;
           }"#,
        include_str!("everything.snapshot"),
    );
}

#[test]
fn a_test_on_each_guest_of_a_list_becomes_one_function_per_guest() {
    check(
        r#"each = ["deb12-lxc", "9p"], cpus = 2"#,
        "/// What it proves.\n #[tokio::test] #[ignore] async fn r#match() -> ExitCode { go().await }",
        include_str!("each.snapshot"),
    );
}
