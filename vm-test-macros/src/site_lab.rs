//! Reads the nodes of a lab that a site declares itself: names, each with a guest. It must not know
//! which guests there are.

use proc_macro2::TokenTree;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Expr, Ident, Token};
use vm_test_settings::form::Form;
use vm_test_settings::label;

use crate::literal::text;
use crate::refusal::{Refusals, cannot};

const FORM: &str = "write `lab(gw = \"router\", t1 = \"deb\")`: each node with its guest";

/// Returns the nodes of a list with their guests.
///
/// # Errors
/// All mistakes of the list, up to the first in its punctuation. `key` is what stands before it.
pub(crate) fn read(key: &Ident, list: ParseStream) -> syn::Result<Vec<(String, String)>> {
    let mut refusals = Refusals::default();
    let mut nodes: Vec<(String, String)> = Vec::new();
    if list.is_empty() {
        refusals.push(cannot(key, "set `lab`", "it has no nodes", FORM));
    }
    while !list.is_empty() {
        let Some((name, guest)) = refusals.keep(node(list)) else {
            break;
        };
        if let Some(guest) = refusals.keep(checked(&nodes, &name, &guest)) {
            nodes.push((name.to_string(), guest));
        }
        if refusals.keep(comma(list)).is_none() {
            break;
        }
    }
    refusals.finish()?;
    Ok(nodes)
}

/// Parses one node.
fn node(list: ParseStream) -> syn::Result<(Ident, Expr)> {
    if !(list.peek(Ident::peek_any) && list.peek2(Token![=])) {
        let wrong: TokenTree = list.parse()?;
        let hint = match &wrong {
            TokenTree::Literal(_) => {
                format!("{FORM}; a lab of `vm-test.toml` is named as in `lab = \"office\"`")
            }
            _ => FORM.to_owned(),
        };
        let cause = "this is not the name of a node with a `=` after it";
        return Err(cannot(wrong, "set `lab`", cause, hint));
    }
    let name: Ident = list.call(Ident::parse_any)?;
    let equals: Token![=] = list.parse()?;
    if list.is_empty() || list.peek(Token![,]) {
        let what = format!("use node `{name}`");
        let hint = format!("write `{name} = \"host\"`");
        return Err(cannot(equals, what, "it has no guest", hint));
    }
    Ok((name, list.parse()?))
}

/// Returns the guest of a node that can be added to those before it.
fn checked(before: &[(String, String)], name: &Ident, guest: &Expr) -> syn::Result<String> {
    let what = format!("use node `{name}`");
    let label = name.to_string();
    label::check_node(&label)
        .map_err(|refusal| cannot(name, &what, refusal.cause, refusal.hint))?;
    if before.iter().any(|(other, _)| *other == label) {
        let (cause, hint) = (
            "there is a node of this name already",
            "choose another name",
        );
        return Err(cannot(name, &what, cause, hint));
    }
    let Some(guest) = text(guest) else {
        let cause = "its guest is not a name in quotes";
        let hint = format!("write `{name} = \"host\"`");
        return Err(cannot(guest, &what, cause, hint));
    };
    match Form::Name.check(&guest.value()) {
        Ok(()) => Ok(guest.value()),
        Err(refusal) => {
            let what = format!("use guest `{}`", guest.value().escape_debug());
            Err(cannot(guest, what, refusal.cause, refusal.hint))
        }
    }
}

/// Parses the comma after a node, if another one follows.
fn comma(list: ParseStream) -> syn::Result<()> {
    if list.is_empty() || list.parse::<Option<Token![,]>>()?.is_some() {
        return Ok(());
    }
    let wrong: TokenTree = list.parse()?;
    let hint = "put a `,` between two nodes";
    Err(cannot(
        wrong,
        "set `lab`",
        "there is no comma before this",
        hint,
    ))
}
