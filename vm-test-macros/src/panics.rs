//! Knows what the attributes of a function tell about panics: whether one makes the test pass. The
//! runtime needs it, since a test that did not run must fail, and a `should_panic` test passes by
//! panicking. It must not guess: what it cannot tell is `Unknown`.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, format_ident};
use syn::{Attribute, Expr, ExprLit, Ident, Lit, Meta, MetaNameValue};

/// Mirrors the runtime's enum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Panics {
    Fail,
    Pass,
    Unknown,
}

/// Attributes that call the function with arguments, and whose own arguments tell whether they
/// expect a panic.
const GENERATORS: [&str; 3] = ["rstest", "test_case", "test_matrix"];

/// Words that expect a panic if they are arguments of another attribute.
const EXPECTATIONS: [&str; 2] = ["should_panic", "panics"];

impl Panics {
    /// Decides by the attributes that remain when `#[on_vm]` is expanded: those below it, and the
    /// compiler's own above it.
    ///
    /// Test attributes above it have passed theirs on to the function that they made.
    pub(crate) fn of(attributes: &[Attribute], has_parameters: bool) -> Self {
        let any = |name: &str| attributes.iter().any(|attribute| names(attribute, name));
        // The harness cannot call a function with parameters, so an attribute below makes cases of
        // it.
        let made_by_a_stranger = has_parameters && !GENERATORS.into_iter().any(any);
        let should_panic = any("should_panic");
        // With rstest, it may apply only to the case next to it.
        let of_some_case = should_panic && any("case");
        if made_by_a_stranger || of_some_case || attributes.iter().any(expects_a_panic_by_argument)
        {
            Self::Unknown
        } else if should_panic {
            Self::Pass
        } else {
            Self::Fail
        }
    }

    /// Returns the variant's name in the runtime.
    pub(crate) fn variant(self) -> Ident {
        format_ident!("{self:?}")
    }
}

/// Returns the message that `#[should_panic]` expects, as a literal.
pub(crate) fn expected(attributes: &[Attribute]) -> Option<Lit> {
    let attribute = attributes
        .iter()
        .find(|attribute| names(attribute, "should_panic"))?;
    let value = match &attribute.meta {
        Meta::Path(_) => return None,
        Meta::List(list) => list.parse_args::<MetaNameValue>().ok()?.value,
        Meta::NameValue(pair) => pair.value.clone(),
    };
    match value {
        Expr::Lit(ExprLit {
            lit: text @ Lit::Str(_),
            ..
        }) => Some(text),
        _ => None,
    }
}

fn names(attribute: &Attribute, name: &str) -> bool {
    attribute
        .path()
        .segments
        .iter()
        .any(|segment| segment.ident == name)
}

fn expects_a_panic_by_argument(attribute: &Attribute) -> bool {
    match &attribute.meta {
        Meta::Path(_) => false,
        Meta::List(list) => has_expectation(list.tokens.clone()),
        Meta::NameValue(pair) => has_expectation(pair.value.to_token_stream()),
    }
}

fn has_expectation(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => EXPECTATIONS.iter().any(|word| ident == word),
        TokenTree::Group(group) => has_expectation(group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expected_words_are_found_in_every_spelling() {
        for (words, function) in [
            (Some("x"), "#[should_panic(expected = \"x\")] fn f() {}"),
            (Some("x"), "#[test] #[should_panic = \"x\"] fn f() {}"),
            (None, "#[should_panic] fn f() {}"),
            (None, "fn f() {}"),
        ] {
            let function: syn::ItemFn = syn::parse_str(function).unwrap();
            let found = expected(&function.attrs).map(|text| text.to_token_stream().to_string());
            assert_eq!(found, words.map(|words| format!("{words:?}")));
        }
    }

    #[test]
    fn attributes_tell_whether_a_panic_passes() {
        for (expected, function) in [
            (Panics::Fail, "fn f() {}"),
            (Panics::Fail, "#[test] fn f() {}"),
            (
                Panics::Fail,
                "/// should_panic\n #[test] #[ignore = \"should_panic\"] fn f() {}",
            ),
            (Panics::Fail, "#[rstest] #[case(1)] fn f(#[case] x: u8) {}"),
            (Panics::Fail, "#[rstest] fn f(fixture: u8) {}"),
            (Panics::Fail, "#[test_case(1 ; \"panics\")] fn f(x: u8) {}"),
            (Panics::Pass, "#[should_panic] fn f() {}"),
            (Panics::Pass, "#[test] #[should_panic] fn f() {}"),
            (
                Panics::Pass,
                "#[should_panic(expected = \"x\")] #[tokio::test] async fn f() {}",
            ),
            (Panics::Pass, "#[should_panic = \"x\"] #[test] fn f() {}"),
            (
                Panics::Pass,
                "#[rstest] #[should_panic] fn f(fixture: u8) {}",
            ),
            (
                Panics::Pass,
                "#[test_case(1)] #[should_panic] fn f(x: u8) {}",
            ),
            (
                Panics::Unknown,
                "#[rstest] #[case(1)] #[should_panic] #[case(2)] fn f(#[case] x: u8) {}",
            ),
            (
                Panics::Unknown,
                "#[rstest] #[should_panic] #[case::one(1)] fn f(#[case] x: u8) {}",
            ),
            (
                Panics::Unknown,
                "#[rstest(x, #[should_panic] case(1), case(2))] fn f(x: u8) {}",
            ),
            (
                Panics::Unknown,
                "#[test_case(1)] #[test_case(2 => panics \"x\")] fn f(x: u8) {}",
            ),
            (
                Panics::Unknown,
                "#[cfg_attr(x, should_panic)] #[test] fn f() {}",
            ),
            (Panics::Unknown, "#[apply(template)] fn f(x: u8) {}"),
            (Panics::Unknown, "fn f(x: u8) {}"),
        ] {
            let function: syn::ItemFn = syn::parse_str(function).unwrap();
            let panics = Panics::of(&function.attrs, !function.sig.inputs.is_empty());
            assert_eq!(panics, expected, "{}", function.to_token_stream());
        }
    }
}
