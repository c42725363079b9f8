//! Reads the set-up of a site: the path of a function, which the compiler finds. It must not know
//! what the function does, nor when it runs.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Expr, Ident, Path};

use crate::lab::Lab;
use crate::literal::{bare, text};
use crate::refusal::{Refusals, cannot};

/// The key of the set-up.
pub(crate) const KEY: &str = "setup";

/// The key with a value, for hints.
pub(crate) const EXAMPLE: &str = "`setup = crate::install`";

/// A function whose work the guest of the test starts from.
pub(crate) struct SetUp {
    key: Ident,
    function: Path,
}

impl SetUp {
    /// Checks that the value is a path.
    pub(crate) fn read(key: &Ident, value: &Expr) -> syn::Result<Self> {
        if let Expr::Path(path) = bare(value)
            && path.qself.is_none()
            && path.attrs.is_empty()
        {
            return Ok(Self {
                key: key.clone(),
                function: path.path.clone(),
            });
        }
        let quoted = text(value).and_then(|literal| {
            let is_path = literal.parse::<Path>().is_ok();
            is_path.then(|| format!("write it without quotes: `{KEY} = {}`", literal.value()))
        });
        let hint = quoted.unwrap_or_else(|| format!("write {EXAMPLE}"));
        let cause = "the value is not the path of a function";
        Err(cannot(value, format_args!("set `{KEY}`"), cause, hint))
    }

    /// Refuses it where the test runs in a lab.
    pub(crate) fn check(&self, lab: Option<&Lab>, refusals: &mut Refusals) {
        if lab.is_some() {
            refusals.push(cannot(
                &self.key,
                format_args!("set `{KEY}`"),
                "the test has a lab, and its nodes have the guests of `vm-test.toml`",
                "leave it out, and have an image of the nodes contain what they need",
            ));
        }
    }

    /// Returns what makes the runtime's `SetUp`, which is found at `private`.
    pub(crate) fn expand(&self, private: &TokenStream) -> TokenStream {
        let function = &self.function;
        quote_spanned!(Span::mixed_site()=> || #private::SetUp::of(#function))
    }
}
