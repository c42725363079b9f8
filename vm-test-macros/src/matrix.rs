//! Knows the list or group of guests that a test runs on one by one, and makes one function for
//! each of them. It must not know the other keys, nor how a function is expanded.

use std::path::{Path, PathBuf};

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Attribute, Expr, ExprArray, LitStr};
use vm_test_settings::form::{Form, Refusal};

use crate::function::Function;
use crate::groups;
use crate::literal::{bare, text};
use crate::refusal::{Refusals, cannot};

/// The key of the list.
pub(crate) const KEY: &str = "each";

/// An example of the key, for hints.
pub(crate) const EXAMPLE: &str = r#"`each = ["worker-1", "worker-2"]`"#;

/// Where a test runs.
pub(crate) enum Guests {
    One(String),
    /// On each of these, by a separate function.
    Each(List),
}

/// Guests of which each has a test.
#[derive(Default)]
pub(crate) struct List {
    names: Vec<LitStr>,
    /// The file that names them, if it is not the attribute.
    file: Option<PathBuf>,
}

/// Attributes of the compiler or its tools that do not make a function a test.
const INERT: [&str; 19] = [
    "allow",
    "automatically_derived",
    "cfg",
    "clippy",
    "cold",
    "coverage",
    "deny",
    "deprecated",
    "doc",
    "expect",
    "forbid",
    "ignore",
    "inline",
    "must_use",
    "rustfmt",
    "should_panic",
    "track_caller",
    "warn",
    "diagnostic",
];

/// Returns the names in the list or group, without those that have a mistake.
pub(crate) fn read(list: &Expr, refusals: &mut Refusals) -> List {
    if let Some(group) = text(list) {
        let guests = of_group(group);
        return refusals.keep(guests).unwrap_or_default();
    }
    let Expr::Array(ExprArray { elems, .. }) = bare(list) else {
        let cause = "the value is neither a list of names in quotes nor the name of a group";
        let hint = format!("write {EXAMPLE}");
        refusals.push(cannot(list, format_args!("set `{KEY}`"), cause, hint));
        return List::default();
    };
    if elems.is_empty() {
        let hint = format!("name the guests, as in {EXAMPLE}");
        let cause = "the list is empty, and the test would run nowhere";
        refusals.push(cannot(list, format_args!("set `{KEY}`"), cause, hint));
    }
    let mut guests: Vec<LitStr> = Vec::new();
    for element in elems {
        match element_of(&guests, element) {
            Ok(guest) => guests.push(guest),
            Err(error) => refusals.push(error),
        }
    }
    List {
        names: guests,
        file: None,
    }
}

/// Returns the guests of a group. What is wrong with one of them is an error at the group's name.
fn of_group(group: &LitStr) -> syn::Result<List> {
    let refuse = |Refusal { cause, hint }| cannot(group, format_args!("set `{KEY}`"), cause, hint);
    let found = groups::find(&group.value()).map_err(refuse)?;
    let mut names: Vec<LitStr> = Vec::new();
    for name in found.guests {
        let name = LitStr::new(&name, group.span());
        check(&names, &name)?;
        names.push(name);
    }
    Ok(List {
        names,
        file: Some(found.file),
    })
}

/// Returns the name that an element gives, if it can be added to those before it.
fn element_of(before: &[LitStr], element: &Expr) -> syn::Result<LitStr> {
    let Some(guest) = text(element) else {
        let cause = "it is not a string literal, and the tests are named when they are compiled";
        let hint = format!("write the name itself in quotes, as in {EXAMPLE}");
        let what = "use this as the name of a guest";
        return Err(cannot(element, what, cause, hint));
    };
    check(before, guest).map(|()| guest.clone())
}

/// Checks that a guest can be added to those before it.
fn check(before: &[LitStr], guest: &LitStr) -> syn::Result<()> {
    let name = guest.value();
    let what = format!("use guest `{}`", name.escape_debug());
    Form::Name
        .check(&name)
        .map_err(|refusal| cannot(guest, &what, refusal.cause, refusal.hint))?;
    let Some(other) = before.iter().find(|other| suffix(other) == suffix(guest)) else {
        return Ok(());
    };
    let other = other.value();
    Err(if other == name {
        cannot(
            guest,
            what,
            "it is already in the list",
            "remove one of the two",
        )
    } else {
        let cause = format!(
            "its test would have the name of the one on guest `{other}`, which ends in `_on_{}`",
            suffix(guest)
        );
        let hint = "give one of the guests another name, or write a test of its own for it";
        cannot(guest, what, cause, hint)
    })
}

/// Returns the guest's name as part of a function's name.
fn suffix(guest: &LitStr) -> String {
    let name = guest.value().to_ascii_lowercase();
    name.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

impl Guests {
    /// Returns the file that decides which guests they are, besides the source.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::One(_) => None,
            Self::Each(guests) => guests.file.as_deref(),
        }
    }

    /// Returns the functions that the function becomes, each with its guest.
    ///
    /// They are in its place, not in a module, so that `super` and all other names in their bodies
    /// keep their meaning.
    pub(crate) fn functions(&self, function: &Function) -> syn::Result<Vec<(String, Function)>> {
        let guests = match self {
            Self::One(guest) => return Ok(vec![(guest.clone(), function.clone())]),
            Self::Each(guests) => &guests.names,
        };
        let name = &function.signature.ident;
        if !function.attributes.iter().any(may_make_a_test) {
            return Err(cannot(
                name,
                format_args!("make a test of `{name}` for each guest"),
                "there is no test attribute below `#[on_vm]`; one above it has already made a single test of this function",
                format_args!(
                    "put the test attribute below, as in `#[on_vm({KEY} = […])] #[test] fn {name}()`"
                ),
            ));
        }
        Ok(guests
            .iter()
            .map(|guest| {
                let mut function = function.clone();
                let text = format!("{}_on_{}", name.unraw(), suffix(guest));
                function.signature.ident = Ident::new(&text, name.span());
                (guest.value(), function)
            })
            .collect())
    }
}

/// Returns whether the attribute may make a test. Only for the compiler's own attributes is it
/// known that they do not.
fn may_make_a_test(attribute: &Attribute) -> bool {
    let first = attribute.path().segments.first();
    first.is_some_and(|segment| INERT.iter().all(|inert| segment.ident != inert))
}

/// Returns whether the attribute may call the function on another thread than the harness does: all
/// do except the compiler's own.
pub(crate) fn may_wrap(attribute: &Attribute) -> bool {
    may_make_a_test(attribute) && !attribute.path().is_ident("test")
}

#[cfg(test)]
mod tests;
