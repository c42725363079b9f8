//! Reads the lab of a site and the node of it that the test runs on. It must not know which labs
//! and guests there are: `vm-test.toml` is read when the test runs.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::Expr;
use vm_test_settings::form::Form;

use crate::literal::text;
use crate::refusal::{Refusals, cannot};

/// The key of the lab.
pub(crate) const LAB: &str = "lab";

/// The key of the node.
pub(crate) const NODE: &str = "node";

/// The name of a lab that the site itself declares.
const OF_SITE: &str = "site";

/// The node of a test that names none: a container over the host's root, on no network.
const DRIVER: &str = "driver";

/// A lab, and the node of it that the test runs on.
#[derive(Debug)]
pub(crate) struct Lab {
    name: String,
    node: String,
    /// The nodes with their guests, if the site declares the lab.
    nodes: Vec<(String, String)>,
}

/// Where a lab is declared.
enum Declared {
    /// In `vm-test.toml`, under this name.
    Elsewhere(String),
    /// At the site: its nodes with their guests.
    Here(Vec<(String, String)>),
}

/// What has been read so far.
#[derive(Default)]
pub(crate) struct Reader {
    lab: Option<(Ident, Declared)>,
    node: Option<(Ident, String)>,
}

impl Reader {
    /// Reads the value of one of the keys; returns whether the key was given before.
    pub(crate) fn read(&mut self, key: &Ident, value: &Expr, refusals: &mut Refusals) -> bool {
        let name = || name(key, value);
        if key == LAB {
            let read = || Declared::Elsewhere(refusals.keep(name()).unwrap_or_default());
            return set(&mut self.lab, key, read);
        }
        set(&mut self.node, key, || {
            refusals.keep(name()).unwrap_or_default()
        })
    }

    /// Takes the nodes of a lab that the site declares; returns whether a lab was given before.
    pub(crate) fn declare(&mut self, key: &Ident, nodes: Vec<(String, String)>) -> bool {
        set(&mut self.lab, key, || Declared::Here(nodes))
    }

    /// Returns the lab, if one was given. `guest` says where the test runs otherwise, if it says.
    pub(crate) fn finish(self, guest: Option<&str>, refusals: &mut Refusals) -> Option<Lab> {
        match (self.lab, self.node) {
            (None, None) => None,
            (None, Some((key, node))) => {
                let hint = format!("write `{LAB} = \"…\", {NODE} = {node:?}`");
                refusals.push(cannot(key, "set `node`", "the test has no lab", hint));
                None
            }
            (Some((key, declared)), node) => {
                if let Some(guest) = guest {
                    let cause = format!("the test already runs in {guest}");
                    let hint = match declared {
                        Declared::Elsewhere(_) => {
                            "the nodes of a lab have their guests in `vm-test.toml`: leave the \
                             guest out"
                        }
                        Declared::Here(_) => {
                            "each node of the lab has a guest of its own: leave the guest out"
                        }
                    };
                    refusals.push(cannot(key, "set `lab`", cause, hint));
                }
                let node = node.map_or_else(|| DRIVER.to_owned(), |(_, node)| node);
                let (name, nodes) = match declared {
                    Declared::Elsewhere(name) => (name, Vec::new()),
                    Declared::Here(nodes) => (OF_SITE.to_owned(), nodes),
                };
                Some(Lab { name, node, nodes })
            }
        }
    }
}

/// Sets a value, unless there is one; returns whether there was.
fn set<T>(place: &mut Option<(Ident, T)>, key: &Ident, value: impl FnOnce() -> T) -> bool {
    if place.is_some() {
        return true;
    }
    *place = Some((key.clone(), value()));
    false
}

fn name(key: &Ident, value: &Expr) -> syn::Result<String> {
    let what = format!("set `{key}`");
    let example = if key == LAB { "office" } else { "gw" };
    let Some(literal) = text(value) else {
        let cause = "the value is not a name in quotes";
        let hint = format!("write `{key} = {example:?}`");
        return Err(cannot(value, what, cause, hint));
    };
    let name = literal.value();
    match Form::Name.check(&name) {
        Ok(()) => Ok(name),
        Err(refusal) => Err(cannot(value, what, refusal.cause, refusal.hint)),
    }
}

impl Lab {
    /// Returns the lab as a value of the runtime's `LabSite`, which is found at `private`.
    pub(crate) fn expand(&self, private: &TokenStream) -> TokenStream {
        let Self { name, node, nodes } = self;
        let nodes = nodes.iter().map(|(node, guest)| quote!((#node, #guest)));
        quote!(#private::LabSite { name: #name, node: #node, nodes: &[#(#nodes),*] })
    }
}
