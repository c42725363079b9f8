//! Reads the settings of a site: the key and its value, by the table of settings, and the tokens
//! that carry both to the runtime. It must not know how the attribute is punctuated.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Expr, Ident};
use vm_test_settings::guest::{Key, names};
use vm_test_settings::word;

use crate::lab;
use crate::matrix;
use crate::mistake::Cure;
use crate::refusal::cannot;
use crate::set_up;
use crate::value::{self, Value};

/// A key with its checked value.
#[derive(Debug)]
pub(crate) struct Setting {
    key: &'static Key,
    value: Value,
}

/// Returns the key called `name`, or an error on it that tells which was meant.
pub(crate) fn find(name: &Ident) -> syn::Result<&'static Key> {
    Key::find(&name.to_string()).ok_or_else(|| unknown(name))
}

/// Returns `memory = "512M"`, for hints.
pub(crate) fn example(key: &Key) -> String {
    format!("`{} = {}`", key.name, key.example)
}

impl Setting {
    /// Checks `value`. The error is on the value, or on the wrong element of a list.
    pub(crate) fn read(key: &'static Key, value: &Expr) -> syn::Result<Self> {
        match value::read(&key.kind, value) {
            Ok(value) => Ok(Self { key, value }),
            Err(mistake) => {
                let hint = match mistake.cure {
                    Cure::Say(hint) => hint,
                    Cure::Write(value) => format!("write `{} = {value}`", key.name),
                    Cure::Example => format!("write {}", example(key)),
                };
                let what = format_args!("set `{}`", key.name);
                Err(cannot(mistake.tokens, what, mistake.cause, hint))
            }
        }
    }

    pub(crate) fn key(&self) -> &'static str {
        self.key.name
    }

    /// Returns the setting as a value of the runtime's `Setting`, which is found at `private`.
    pub(crate) fn expand(&self, private: &TokenStream) -> TokenStream {
        let variant = format_ident!("{}", self.key.variant);
        let value = self.value.expand(private);
        quote!(#private::Setting::#variant(#value))
    }
}

fn unknown(name: &Ident) -> syn::Error {
    let hint = if name == "guest" || name == "name" {
        "the guest's name comes first and without a key, as in `#[on_vm(\"worker-1\")]`".to_owned()
    } else if name == "guests" {
        format!("did you mean `{}`?", matrix::KEY)
    } else if let Some(key) = Key::suggestion(&name.to_string()) {
        format!("did you mean `{key}`?")
    } else if let Some(key) =
        word::suggestion(&name.to_string(), [lab::LAB, lab::NODE, set_up::KEY])
    {
        format!("did you mean `{key}`?")
    } else {
        let keys = word::enumerate(names(), "`", "and");
        format!("the keys are {keys}")
    };
    cannot(
        name,
        format_args!("set `{name}`"),
        "there is no such key",
        hint,
    )
}

#[cfg(test)]
mod tests;
