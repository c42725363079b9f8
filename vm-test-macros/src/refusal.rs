//! Knows the shape of every error of this crate: what cannot be done, why, and the hint.
//! It must not decide whether something is wrong.

use std::fmt::Display;

use quote::ToTokens;

/// Returns an error on `tokens`: "cannot `what`: `cause`", followed by the hint.
pub(crate) fn cannot(
    tokens: impl ToTokens,
    what: impl Display,
    cause: impl Display,
    hint: impl Display,
) -> syn::Error {
    syn::Error::new_spanned(tokens, format!("cannot {what}: {cause}\nhint: {hint}"))
}

/// Collects errors, so that a user sees all mistakes of one attribute in one build.
#[derive(Default)]
pub(crate) struct Refusals(Option<syn::Error>);

impl Refusals {
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// Returns the value, or records the error.
    pub(crate) fn keep<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    pub(crate) fn finish(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}
