//! Knows which items can run in a guest, and splits a function into its head and its body. It must
//! not parse the body: the compiler does, and an editor must see the tokens while they are being
//! typed.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, LitStr, ReturnType, Safety, Signature, Token, Type, Visibility};

use crate::refusal::{Refusals, cannot};

/// A function that can run in a guest.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    /// `#![…]` at the start of the body. They keep their place, because they apply to the function.
    pub(crate) inner_attributes: Vec<Attribute>,
    /// The body with its braces, token for token.
    pub(crate) body: Group,
}

impl Function {
    pub(crate) fn parse(tokens: TokenStream) -> syn::Result<Self> {
        read.parse2(tokens)
    }
}

fn read(input: ParseStream) -> syn::Result<Function> {
    let attributes = input.call(Attribute::parse_outer)?;
    let visibility = input.parse()?;
    if !starts_function(input) {
        return Err(not_a_function(&input.parse()?));
    }
    let signature = input.parse()?;
    let body = block(input.parse()?).map_err(|wrong| bodiless(&signature, wrong))?;
    check(&attributes, &signature)?;
    let (inner_attributes, body) = split(body)?;
    Ok(Function {
        attributes,
        visibility,
        signature,
        inner_attributes,
        body,
    })
}

/// Returns whether the qualifiers ahead end in `fn`; `const`, `unsafe` and `extern` may begin other
/// items, too.
fn starts_function(input: ParseStream) -> bool {
    let ahead = input.fork();
    while !ahead.peek(Token![fn]) {
        let qualifier = ahead.peek(Token![const])
            || ahead.peek(Token![async])
            || ahead.peek(Token![unsafe])
            || ahead.peek(Token![extern])
            || ahead.peek(LitStr);
        if !qualifier || ahead.parse::<TokenTree>().is_err() {
            return false;
        }
    }
    true
}

/// Returns the block, without the invisible group around a `macro_rules` fragment.
fn block(token: TokenTree) -> Result<Group, TokenTree> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Ok(group),
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            let mut inside = group.stream().into_iter();
            match (inside.next(), inside.next()) {
                (Some(only), None) => block(only),
                _ => Err(group.into()),
            }
        }
        other => Err(other),
    }
}

/// Removes the inner attributes from the block.
///
/// A block without any remains the same token, since a rebuilt one loses the span of its closing
/// brace, which errors point at.
fn split(block: Group) -> syn::Result<(Vec<Attribute>, Group)> {
    let parser = |input: ParseStream| {
        let attributes = input.call(Attribute::parse_inner)?;
        Ok((attributes, input.parse::<TokenStream>()?))
    };
    let (attributes, statements) = parser.parse2(block.stream())?;
    if attributes.is_empty() {
        return Ok((attributes, block));
    }
    let mut rest = Group::new(Delimiter::Brace, statements);
    rest.set_span(block.span());
    Ok((attributes, rest))
}

fn check(attributes: &[Attribute], signature: &Signature) -> syn::Result<()> {
    let mut refusals = Refusals::default();
    let name = &signature.ident;
    let mut refuse = |tokens: &dyn ToTokens, cause: &str, hint: &str| {
        refusals.push(cannot(
            tokens,
            format_args!("run `{name}` in a guest"),
            cause,
            hint,
        ));
    };
    for attribute in attributes {
        if attribute
            .path()
            .segments
            .last()
            .is_some_and(|segment| segment.ident == "on_vm")
        {
            refuse(
                attribute,
                "it has the attribute `#[on_vm]` twice",
                "remove one of the two; a test runs in one guest",
            );
        }
    }
    if let Some(constness) = &signature.constness {
        refuse(
            constness,
            "a `const fn` cannot leave the process",
            "remove `const`",
        );
    }
    if let Safety::Unsafe(token) = &signature.safety {
        refuse(
            token,
            "a test is called by safe code",
            "remove `unsafe` here and use `unsafe { … }` in the body",
        );
    }
    if let Some(abi) = &signature.abi {
        refuse(abi, "a test is called as a Rust function", "remove the ABI");
    }
    if let Some(receiver) = signature.receiver() {
        refuse(receiver, "a test has no `self`", "make it a free function");
    }
    if let ReturnType::Type(_, result) = &signature.output {
        if let Some(token) = find_impl(result.to_token_stream()) {
            refuse(
                &token,
                "its return value is sent from the guest to the host, which requires a named type",
                "write the type itself, as in `-> Result<(), String>`",
            );
        }
        if let Type::Never(never) = &**result {
            refuse(
                never,
                "a test that never returns has no verdict",
                "remove `-> !`",
            );
        }
    }
    refusals.finish()
}

/// Returns the first `impl` of a type. It is a keyword, so no name can be mistaken for it.
fn find_impl(tokens: TokenStream) -> Option<Ident> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) if ident == "impl" => Some(ident),
        TokenTree::Group(group) => find_impl(group.stream()),
        _ => None,
    })
}

fn bodiless(signature: &Signature, wrong: TokenTree) -> syn::Error {
    let what = format!("run `{}` in a guest", signature.ident);
    cannot(
        wrong,
        what,
        "it has no body",
        "write the body as `{ … }` here, or put `#[on_vm]` on a function that has one",
    )
}

fn not_a_function(item: &TokenStream) -> syn::Error {
    // `unsafe` says nothing about the kind of item.
    let mut words = item.clone().into_iter();
    let keyword = words.find(|token| token.to_string() != "unsafe");
    let word = keyword.to_token_stream().to_string();
    let (noun, hint) = match word.as_str() {
        "mod" => ("a module", "put it on each test function of the module"),
        "impl" => (
            "an impl block",
            "put it on a free test function that uses the type",
        ),
        "trait" => ("a trait", "put it on a test function"),
        "struct" => ("a struct", "put it on a test function"),
        "enum" => ("an enum", "put it on a test function"),
        "union" => ("a union", "put it on a test function"),
        "const" => ("a constant", "put it on a test function"),
        "static" => ("a static", "put it on a test function"),
        "type" => ("a type alias", "put it on a test function"),
        "use" => ("an import", "put it on a test function"),
        "extern" => ("an extern item", "put it on a test function"),
        "macro_rules" => ("a macro", "put it on a test function inside the macro"),
        _ => ("this item", "put it on a test function"),
    };
    cannot(
        keyword,
        format_args!("run {noun} in a guest"),
        "`#[on_vm]` belongs on a test function",
        hint,
    )
}

#[cfg(test)]
mod tests;
