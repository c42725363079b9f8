//! A value of a setting that cannot be used: which tokens, why, and what to write instead. It must not
//! know the keys.

use proc_macro2::TokenStream;
use quote::ToTokens;
use vm_test_settings::form::Refusal;

/// A value that cannot be used.
pub(crate) struct Mistake {
    pub(crate) tokens: TokenStream,
    pub(crate) cause: String,
    pub(crate) cure: Cure,
}

/// How a user can correct a value. The caller adds the key.
pub(crate) enum Cure {
    /// Write this after `key =`.
    Write(String),
    /// Write what the key's example shows.
    Example,
    /// Another hint.
    Say(String),
}

impl Mistake {
    pub(crate) fn new(tokens: impl ToTokens, cause: String, cure: Cure) -> Self {
        Self {
            tokens: tokens.to_token_stream(),
            cause,
            cure,
        }
    }

    pub(crate) fn refused(tokens: impl ToTokens, refusal: Refusal) -> Self {
        Self::new(tokens, refusal.cause, Cure::Say(refusal.hint))
    }
}
