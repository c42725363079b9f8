//! Knows under which name the user's crate sees the runtime. It is the only part of this crate that reads a file
//! (the user's manifest), and it must never fail: a wrong guess gives an error that names the missing crate.

use proc_macro_crate::FoundCrate;
use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::Ident;

const PACKAGE: &str = "vm-test-runtime";
/// What cargo would call the package's library if its manifest did not name it.
const PACKAGE_AS_CRATE: &str = "vm_test_runtime";
const LIBRARY: &str = "vm_test";

/// The absolute path of the runtime's library.
pub(crate) fn find() -> TokenStream {
    path(proc_macro_crate::crate_name(PACKAGE).ok())
}

/// A dependency listed under the package's own name is seen under the library's name; a renamed one is seen
/// under the user's name. A crate that is not listed may be re-exported by one that is, as `vm_test`.
fn path(found: Option<FoundCrate>) -> TokenStream {
    let renamed = match found {
        Some(FoundCrate::Name(name)) if name != PACKAGE_AS_CRATE => {
            syn::parse_str::<Ident>(&name).ok()
        }
        Some(FoundCrate::Name(_) | FoundCrate::Itself) | None => None,
    };
    let span = Span::mixed_site();
    let mut name = renamed.unwrap_or_else(|| Ident::new(LIBRARY, span));
    name.set_span(span);
    quote_spanned!(span => ::#name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_found_under_its_own_name_or_the_users() {
        let named = |name: &str| Some(FoundCrate::Name(name.to_owned()));
        for (found, expected) in [
            (None, ":: vm_test"),
            (Some(FoundCrate::Itself), ":: vm_test"),
            (named("vm_test_runtime"), ":: vm_test"),
            (named("vm_test"), ":: vm_test"),
            (named("guests"), ":: guests"),
            (named("9guests"), ":: vm_test"),
        ] {
            assert_eq!(path(found.clone()).to_string(), expected, "{found:?}");
        }
    }
}
