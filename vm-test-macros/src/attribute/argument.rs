//! One argument of the attribute's list, and the comma after it: a name, or a key with its value.
//! Knows which keys there are, not what they mean.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::token::Paren;
use syn::{Expr, Ident, Token};

use crate::refusal::cannot;
use crate::{lab, matrix, set_up, settings, site_lab};

/// The key that tells where the runtime is. It is not a setting, because the guest never learns of
/// it.
pub(super) const CRATE: &str = "crate";

const FORM: &str =
    "write `#[on_vm]`, `#[on_vm(\"worker-1\")]` or `#[on_vm(\"worker-1\", memory = \"1G\")]`";

/// One element of the list.
pub(super) enum Argument {
    /// An expression without a key; only a guest's name is valid here.
    Plain(Expr),
    Keyed {
        key: Ident,
        value: Expr,
    },
    /// A lab that the site itself declares: its nodes with their guests.
    Lab {
        key: Ident,
        nodes: syn::Result<Vec<(String, String)>>,
    },
}

/// Parses an argument.
pub(super) fn argument(input: ParseStream) -> syn::Result<Argument> {
    if input.peek(Ident::peek_any) && input.peek2(Token![=]) {
        let key: Ident = input.call(Ident::parse_any)?;
        let equals: Token![=] = input.parse()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(valueless(&key, equals));
        }
        return Ok(Argument::Keyed {
            value: expression(input)?,
            key,
        });
    }
    if input.peek(Ident) && input.peek2(Paren) && input.fork().parse::<Ident>()? == lab::LAB {
        let key: Ident = input.parse()?;
        let list;
        syn::parenthesized!(list in input);
        let nodes = site_lab::read(&key, &list);
        // The parser itself would report what stands there after a mistake.
        list.parse::<TokenStream>()?;
        return Ok(Argument::Lab { key, nodes });
    }
    // A key without its `=` would otherwise be taken for a guest's name without quotes.
    if let Ok(key) = input.fork().call(Ident::parse_any)
        && is_known(&key)
        && !input.peek2(Token![::])
    {
        input.call(Ident::parse_any)?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(valueless(&key, &key));
        }
        let wrong: TokenTree = input.parse()?;
        let what = format!("set `{key}`");
        return Err(cannot(
            wrong,
            what,
            "there is no `=` after the key",
            example(&key),
        ));
    }
    expression(input).map(Argument::Plain)
}

fn expression(input: ParseStream) -> syn::Result<Expr> {
    input.parse().map_err(|error: syn::Error| {
        let message = format!("cannot read the arguments of `#[on_vm]`: {error}\nhint: {FORM}");
        syn::Error::new(error.span(), message)
    })
}

/// Parses the comma after an argument, if another argument follows.
pub(super) fn comma(input: ParseStream) -> syn::Result<()> {
    if input.is_empty() || input.parse::<Option<Token![,]>>()?.is_some() {
        return Ok(());
    }
    let wrong: TokenTree = input.parse()?;
    Err(cannot(
        wrong,
        "read the arguments of `#[on_vm]`",
        "there is no comma before this",
        "put a `,` between two arguments",
    ))
}

fn is_known(key: &Ident) -> bool {
    [CRATE, matrix::KEY, set_up::KEY, lab::LAB, lab::NODE]
        .iter()
        .any(|name| key == name)
        || settings::find(key).is_ok()
}

fn valueless(key: &Ident, at: impl ToTokens) -> syn::Error {
    cannot(
        at,
        format_args!("set `{key}`"),
        "it has no value",
        example(key),
    )
}

fn example(key: &Ident) -> String {
    if key == matrix::KEY {
        return format!("write {}", matrix::EXAMPLE);
    }
    if key == set_up::KEY {
        return format!("write {}", set_up::EXAMPLE);
    }
    match settings::find(key) {
        Ok(known) => format!("write {}", settings::example(known)),
        Err(_) => format!("write `{key} = …`"),
    }
}
