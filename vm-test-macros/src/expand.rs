//! Knows what the marked function becomes. Everything but the body stays as written.
//! It must not check anything, and it declares no name that the body could see.

use std::path::Path;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ReturnType;

use crate::attribute::Attribute;
use crate::function::Function;
use crate::matrix;
use crate::panics::{self, Panics};
use crate::workspace;

/// Returns the function with its body passed to the runtime, which is found at `runtime`; one
/// function for each guest.
pub(crate) fn expand(
    attribute: &Attribute,
    function: &Function,
    runtime: &TokenStream,
) -> syn::Result<TokenStream> {
    let functions = attribute.guests.functions(function)?;
    let functions = functions
        .iter()
        .map(|(guest, function)| on_guest(guest, attribute, function, runtime));
    let watched = attribute.guests.file().map(watched);
    Ok(functions.chain(watched).collect())
}

/// Has cargo compile the test again when this file has changed.
fn watched(file: &Path) -> TokenStream {
    let file = file.to_string_lossy();
    quote_spanned!(Span::mixed_site()=> const _: &[::core::primitive::u8] = ::core::include_bytes!(#file);)
}

fn on_guest(
    guest: &str,
    attribute: &Attribute,
    function: &Function,
    runtime: &TokenStream,
) -> TokenStream {
    let Function {
        attributes,
        visibility,
        signature,
        inner_attributes,
        body,
    } = function;
    let private = quote_spanned!(Span::mixed_site()=> #runtime::__private);
    let site = site(guest, attribute, function, &private);
    let result = match &signature.output {
        ReturnType::Default => quote_spanned!(Span::mixed_site()=> ()),
        // So that an error about the type points at the user's code, not at the attribute.
        ReturnType::Type(_, result) => result.to_token_stream(),
    };
    let call = match signature.asyncness {
        None => quote_spanned!(Span::mixed_site()=>
            #private::run::<#result, _>(#site, move || -> #result #body)
        ),
        Some(_) => {
            let block = typed_async_body(&result, body);
            quote_spanned!(Span::mixed_site()=>
                #private::run_async::<#result, _>(#site, async move #block).await
            )
        }
    };
    let block = block(&signature.ident, quote!(#(#inner_attributes)* #call));
    quote! {
        #(#attributes)*
        #visibility #signature #block
    }
}

/// Returns the function's block, with the span of the function's name.
///
/// With a span in this macro, the compiler would take the function for the macro's own and not
/// report that it is unused. With the span of the body, coverage would count the body where only
/// this block is executed.
fn block(name: &Ident, statements: TokenStream) -> Group {
    let mut block = Group::new(Delimiter::Brace, statements);
    block.set_span(name.span());
    block
}

/// Returns the body as the block of an async block.
///
/// An async block cannot be annotated with its type, and the compiler does not infer it from the
/// bound of `run_async`: `?`, `into` and the boxing of errors would not work in the body as they do
/// in an async fn. A `return` before the body, which is never executed, gives the type. The body is
/// the arm of a `match` instead of the next expression, because there its braces are not
/// superfluous and its items do not follow a statement, so no lint blames the user.
fn typed_async_body(result: &TokenStream, body: &Group) -> Group {
    let statements = quote_spanned!(Span::mixed_site()=>
        match if false { return ::core::option::Option::<#result>::None.unwrap() } {
            () => #body
        }
    );
    let mut block = Group::new(Delimiter::Brace, statements);
    // Coverage counts only source code at the span of the block.
    block.set_span(body.span());
    block
}

/// Returns the site as an unnamed constant.
fn site(
    guest: &str,
    attribute: &Attribute,
    function: &Function,
    private: &TokenStream,
) -> TokenStream {
    let settings = attribute
        .settings
        .iter()
        .map(|setting| setting.expand(private));
    let lab = match &attribute.lab {
        Some(lab) => {
            let lab = lab.expand(private);
            quote_spanned!(Span::mixed_site()=> ::core::option::Option::Some(#lab))
        }
        None => quote_spanned!(Span::mixed_site()=> ::core::option::Option::None),
    };
    let set_up = match &attribute.set_up {
        Some(set_up) => {
            let set_up = set_up.expand(private);
            quote_spanned!(Span::mixed_site()=> ::core::option::Option::Some(#set_up))
        }
        None => quote_spanned!(Span::mixed_site()=> ::core::option::Option::None),
    };
    let ident = &function.signature.ident;
    // As libtest names it: with `r#` if it is raw.
    let name = ident.to_string();
    let wrapped = function.attributes.iter().any(matrix::may_wrap);
    let panics = Panics::of(&function.attributes, !function.signature.inputs.is_empty()).variant();
    let expected = match panics::expected(&function.attributes) {
        Some(text) => quote_spanned!(Span::mixed_site()=> ::core::option::Option::Some(#text)),
        None => quote_spanned!(Span::mixed_site()=> ::core::option::Option::None),
    };
    let workspace = match workspace::of_this_package() {
        Some(path) => quote_spanned!(Span::mixed_site()=> ::core::option::Option::Some(#path)),
        None => quote_spanned!(Span::mixed_site()=> ::core::option::Option::None),
    };
    // These macros expand to the location of their own tokens, so they get the span of the
    // function's name.
    let file = quote_spanned!(ident.span()=> ::core::file!());
    let line = quote_spanned!(ident.span()=> ::core::line!());
    quote_spanned!(Span::mixed_site()=>
        const {
            &#private::Site {
                guest: #guest,
                lab: #lab,
                settings: &[#(#settings),*],
                set_up: #set_up,
                panics: #private::Panics::#panics,
                expected: #expected,
                file: #file,
                line: #line,
                manifest_dir: ::core::env!("CARGO_MANIFEST_DIR"),
                workspace: #workspace,
                package: ::core::env!("CARGO_PKG_NAME"),
                module: ::core::module_path!(),
                function: #name,
                wrapped: #wrapped,
            }
        }
    )
}

#[cfg(test)]
mod tests;
