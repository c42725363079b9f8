//! Knows under which name the user's crate sees the runtime. It is the only part of this crate that
//! reads a file (the user's manifest), and it must never fail: a wrong guess gives an error that
//! names the missing crate.

use proc_macro_crate::FoundCrate;
use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::Ident;

/// The package that users add.
const PACKAGE: &str = "vm-test";
/// The package that it re-exports, which a crate may list instead.
const RUNTIME: &str = "vm-test-runtime";

/// Returns the absolute path of the runtime's library.
pub(crate) fn find() -> TokenStream {
    let look = |package| proc_macro_crate::crate_name(package).ok();
    path(look(PACKAGE), look(RUNTIME))
}

/// Returns the path, given what the manifest says about [`PACKAGE`] and [`RUNTIME`].
///
/// The first one that is listed counts, under the user's name for it. If neither is listed, another
/// crate may re-export one; then the path is that of [`PACKAGE`] under its own name.
fn path(package: Option<FoundCrate>, runtime: Option<FoundCrate>) -> TokenStream {
    let (package, found) = match (package, runtime) {
        (Some(found), _) => (PACKAGE, found),
        (None, Some(found)) => (RUNTIME, found),
        (None, None) => (PACKAGE, FoundCrate::Itself),
    };
    let own = package.replace('-', "_");
    let name = match found {
        FoundCrate::Name(name) => name,
        FoundCrate::Itself => own.clone(),
    };
    let span = Span::mixed_site();
    let mut name = syn::parse_str(&name).unwrap_or_else(|_| Ident::new(&own, span));
    name.set_span(span);
    quote_spanned!(span => ::#name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITSELF: Option<FoundCrate> = Some(FoundCrate::Itself);

    fn named(name: &str) -> Option<FoundCrate> {
        Some(FoundCrate::Name(name.to_owned()))
    }

    fn assert_path(package: Option<FoundCrate>, runtime: Option<FoundCrate>, expected: &str) {
        let found = path(package.clone(), runtime.clone()).to_string();
        assert_eq!(found, expected, "{package:?} {runtime:?}");
    }

    #[test]
    fn the_crate_that_users_add_is_found_under_its_own_name_or_the_users() {
        for (package, expected) in [
            (named("vm_test"), ":: vm_test"),
            (named("guests"), ":: guests"),
            (named("r#gen"), ":: r#gen"),
            (named("9guests"), ":: vm_test"),
            (ITSELF, ":: vm_test"),
        ] {
            assert_path(package, None, expected);
        }
    }

    #[test]
    fn the_runtime_is_found_in_a_crate_that_lists_it_alone() {
        for (runtime, expected) in [
            (named("vm_test_runtime"), ":: vm_test_runtime"),
            (named("vm_test"), ":: vm_test"),
            (named("guests"), ":: guests"),
            (named("9guests"), ":: vm_test_runtime"),
            (ITSELF, ":: vm_test_runtime"),
        ] {
            assert_path(None, runtime, expected);
        }
    }

    #[test]
    fn of_both_the_crate_that_users_add_is_taken() {
        for (package, runtime, expected) in [
            (named("vm_test"), named("vm_test_runtime"), ":: vm_test"),
            (named("guests"), named("vm_test_runtime"), ":: guests"),
            (named("guests"), named("vm_test"), ":: guests"),
            (
                named("vm_test_runtime"),
                named("vm_test"),
                ":: vm_test_runtime",
            ),
            (ITSELF, named("vm_test_runtime"), ":: vm_test"),
        ] {
            assert_path(package, runtime, expected);
        }
    }

    #[test]
    fn a_crate_that_lists_neither_is_taken_to_have_it_from_another() {
        assert_path(None, None, ":: vm_test");
    }
}
