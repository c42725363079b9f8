//! Which items are taken, which are not, and that the body is not looked at.

use super::*;

fn parse(item: &str) -> syn::Result<Function> {
    Function::parse(item.parse().unwrap())
}

#[test]
fn functions_are_taken_with_everything_around_them() {
    for item in [
        "fn f() {}",
        "pub(crate) async fn f<T: Default>(#[case] mut a: u8, (b, c): (T, T)) -> Result<(), E> where T: Copy {}",
        "#[test] #[ignore = \"slow\"] /// words\n fn f() -> ExitCode {}",
        "fn r#match() {}",
    ] {
        assert!(parse(item).is_ok(), "{item}");
    }
}

#[test]
fn the_body_may_be_anything_in_braces() {
    let function = parse("fn f() { half. written, @ ! }").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        function.body.to_string(),
        "{ half. written, @ ! }"
            .parse::<TokenStream>()
            .unwrap()
            .to_string()
    );
}

#[test]
fn inner_attributes_are_taken_out_of_the_body() {
    let function =
        parse("fn f() { #![expect(unused)] let x = 1; }").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(function.inner_attributes.len(), 1);
    assert_eq!(function.body.to_string(), "{ let x = 1 ; }");
}

#[test]
fn a_body_from_macro_rules_is_taken_out_of_its_invisible_group() {
    let body: TokenStream = "{ 1 }".parse().unwrap();
    let body = Group::new(
        Delimiter::None,
        Group::new(Delimiter::None, body).to_token_stream(),
    );
    let function = Function::parse(quote::quote!(fn f() -> u8 #body))
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(function.body.delimiter(), Delimiter::Brace);
    assert_eq!(function.body.to_string(), "{ 1 }");
}

#[test]
fn every_other_item_is_named_in_its_error() {
    for (item, noun) in [
        ("struct S;", "a struct"),
        ("pub enum E {}", "an enum"),
        ("union U { a: u8 }", "a union"),
        ("mod m {}", "a module"),
        ("impl S {}", "an impl block"),
        ("unsafe impl Send for S {}", "an impl block"),
        ("pub trait T {}", "a trait"),
        ("unsafe trait T {}", "a trait"),
        ("const C: fn() = f;", "a constant"),
        ("static S: u8 = 1;", "a static"),
        ("type T = u8;", "a type alias"),
        ("use a::b;", "an import"),
        ("extern \"C\" { fn f(); }", "an extern item"),
        ("unsafe extern \"C\" {}", "an extern item"),
        ("extern crate a;", "an extern item"),
        ("macro_rules! m { () => {} }", "a macro"),
        ("m! {}", "this item"),
    ] {
        let message = parse(item)
            .err()
            .unwrap_or_else(|| panic!("{item} was taken"))
            .to_string();
        let expected = format!(
            "cannot run {noun} in a guest: `#[on_vm]` belongs on a test function\nhint: put it on "
        );
        assert!(message.starts_with(&expected), "{item}: {message}");
    }
}

#[test]
fn every_function_that_cannot_run_names_its_cause() {
    for (item, cause) in [
        (
            "#[on_vm] fn f() {}",
            "it has the attribute `#[on_vm]` twice",
        ),
        (
            "#[test] #[vm_test::on_vm(\"a\")] fn f() {}",
            "it has the attribute `#[on_vm]` twice",
        ),
        ("const fn f() {}", "a `const fn` cannot leave the process"),
        ("unsafe fn f() {}", "a test is called by safe code"),
        (
            "extern \"C\" fn f() {}",
            "a test is called as a Rust function",
        ),
        ("extern fn f() {}", "a test is called as a Rust function"),
        ("fn f(&self) {}", "a test has no `self`"),
        ("fn f(self: Box<Self>) {}", "a test has no `self`"),
        ("fn f();", "it has no body"),
        ("fn f() -> impl Termination {}", IMPL),
        ("fn f() -> Result<(), Box<impl Debug>> {}", IMPL),
        ("fn f() -> (impl Debug,) {}", IMPL),
        (
            "fn f() -> ! { loop {} }",
            "a test that never returns has no verdict",
        ),
    ] {
        let message = parse(item)
            .err()
            .unwrap_or_else(|| panic!("{item} was taken"))
            .to_string();
        let expected = format!("cannot run `f` in a guest: {cause}\nhint: ");
        assert!(message.starts_with(&expected), "{item}: {message}");
    }
}

const IMPL: &str =
    "its return value is sent from the guest to the host, which requires a named type";

#[test]
fn all_mistakes_of_one_function_are_reported_at_once() {
    let errors = parse("#[on_vm] const unsafe extern \"C\" fn f(self) -> impl T {}")
        .err()
        .map(Vec::from_iter);
    assert_eq!(errors.map(|errors| errors.len()), Some(6));
}
