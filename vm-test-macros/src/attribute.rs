//! Knows the grammar of the attribute's argument list: the guest's name first, then `key = value`.
//! It must not know what the values mean, nor look at the function.

mod argument;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident, Path};
use vm_test_settings::form::Form;

use crate::lab::{self, Lab};
use crate::literal::{bare, text};
use crate::matrix::{self, Guests, List};
use crate::refusal::{Refusals, cannot};
use crate::set_up::{self, SetUp};
use crate::settings::{self, Setting};
use argument::{Argument, CRATE, argument, comma};

/// The default guest of a site: a container over the host's own root file system.
const DEFAULT_GUEST: &str = "host";

/// The contents of the parentheses of `#[on_vm(…)]`.
pub(crate) struct Attribute {
    pub(crate) guests: Guests,
    /// The lab of the test; then its guests mean nothing.
    pub(crate) lab: Option<Lab>,
    pub(crate) settings: Vec<Setting>,
    /// The function whose work the guest starts from.
    pub(crate) set_up: Option<SetUp>,
    /// The path of the runtime, if the user gave one.
    pub(crate) runtime: Option<Path>,
}

#[derive(Default)]
struct Reader {
    guest: Option<String>,
    /// The guests of a test that runs on each of them, if the key is given.
    each: Option<List>,
    lab: lab::Reader,
    settings: Vec<Setting>,
    set_up: Option<SetUp>,
    runtime: Option<Path>,
    refusals: Refusals,
}

impl Attribute {
    pub(crate) fn parse(tokens: TokenStream) -> syn::Result<Self> {
        read.parse2(tokens)
    }
}

fn read(input: ParseStream) -> syn::Result<Attribute> {
    let mut reader = Reader::default();
    let mut position = 0;
    while !input.is_empty() {
        // After an error in the punctuation, where the next argument starts is anybody's guess.
        let Some(argument) = reader.refusals.keep(argument(input)) else {
            break;
        };
        match argument {
            Argument::Plain(value) => reader.plain(position, &value),
            Argument::Keyed { key, value } => reader.keyed(&key, &value),
            Argument::Lab { key, nodes } => reader.declared(&key, nodes),
        }
        position += 1;
        if reader.refusals.keep(comma(input)).is_none() {
            break;
        }
    }
    let elsewhere = match (&reader.guest, &reader.each) {
        (Some(guest), _) => Some(format!("guest `{}`", guest.escape_debug())),
        (None, Some(_)) => Some("each guest of a list".to_owned()),
        (None, None) => None,
    };
    let lab = reader
        .lab
        .finish(elsewhere.as_deref(), &mut reader.refusals);
    if let Some(set_up) = &reader.set_up {
        set_up.check(lab.as_ref(), &mut reader.refusals);
    }
    reader.refusals.finish()?;
    Ok(Attribute {
        lab,
        guests: match reader.each {
            Some(guests) => Guests::Each(guests),
            None => Guests::One(reader.guest.unwrap_or_else(|| DEFAULT_GUEST.to_owned())),
        },
        settings: reader.settings,
        set_up: reader.set_up,
        runtime: reader.runtime,
    })
}

impl Reader {
    fn plain(&mut self, position: usize, value: &Expr) {
        let refuse = |what: &str, cause: &str, hint: &str| cannot(value, what, cause, hint);
        let Some(literal) = text(value) else {
            return self.refusals.push(refuse(
                "use this as the name of a guest",
                "it is not a string literal, and guests are chosen when the test is compiled",
                &quoted(value),
            ));
        };
        let name = literal.value();
        if self.each.is_some() {
            let what = format!("use guest `{}`", name.escape_debug());
            let hint = "add the name to the list";
            let error = refuse(&what, "the test already runs in each guest of a list", hint);
            return self.refusals.push(error);
        }
        if position > 0 {
            let error = match &self.guest {
                Some(guest) => refuse(
                    &format!("use guest `{}`", name.escape_debug()),
                    &format!("the test already runs in guest `{guest}`"),
                    "name one guest; write another test for the other",
                ),
                None => refuse(
                    &format!("use guest `{}`", name.escape_debug()),
                    "the name of the guest is not the first argument",
                    &format!("write `#[on_vm({name:?}, …)]`"),
                ),
            };
            return self.refusals.push(error);
        }
        if name.is_empty() {
            let hint = "name a guest, or write `#[on_vm]` for guest `host`";
            self.refusals.push(refuse(
                "use a guest without a name",
                "the name is empty",
                hint,
            ));
        } else if let Err(refusal) = Form::Name.check(&name) {
            let what = format!("use guest `{}`", name.escape_debug());
            self.refusals
                .push(refuse(&what, &refusal.cause, &refusal.hint));
        }
        self.guest = Some(name);
    }

    fn keyed(&mut self, key: &Ident, value: &Expr) {
        if key == CRATE {
            return match (bare(value), &self.runtime) {
                (_, Some(_)) => self.refusals.push(repeated(key)),
                (Expr::Path(path), None) if path.qself.is_none() && path.attrs.is_empty() => {
                    self.runtime = Some(path.path.clone());
                }
                _ => self.refusals.push(cannot(
                    value,
                    "set `crate`",
                    "the value is not a path",
                    "write the path of the runtime without quotes, as in `crate = my_crate::vm_test`",
                )),
            };
        }
        if key == matrix::KEY {
            return self.each(key, value);
        }
        if key == set_up::KEY {
            if self.set_up.is_some() {
                return self.refusals.push(repeated(key));
            }
            self.set_up = self.refusals.keep(SetUp::read(key, value));
            return;
        }
        if key == lab::LAB || key == lab::NODE {
            if self.lab.read(key, value, &mut self.refusals) {
                self.refusals.push(repeated(key));
            }
            return;
        }
        let Some(known) = self.refusals.keep(settings::find(key)) else {
            return;
        };
        if self
            .settings
            .iter()
            .any(|setting| setting.key() == known.name)
        {
            return self.refusals.push(repeated(key));
        }
        if let Some(setting) = self.refusals.keep(Setting::read(known, value)) {
            self.settings.push(setting);
        }
    }
}

impl Reader {
    fn declared(&mut self, key: &Ident, nodes: syn::Result<Vec<(String, String)>>) {
        // A lab with mistakes is still a lab, so `node` is not reported to have none.
        let nodes = self.refusals.keep(nodes).unwrap_or_default();
        if self.lab.declare(key, nodes) {
            self.refusals.push(repeated(key));
        }
    }

    fn each(&mut self, key: &Ident, value: &Expr) {
        if self.each.is_some() {
            return self.refusals.push(repeated(key));
        }
        if let Some(guest) = &self.guest {
            self.refusals.push(cannot(
                key,
                format_args!("set `{key}`"),
                format_args!("the test already runs in guest `{guest}`"),
                format_args!("write all guests in the list, as in `{key} = [{guest:?}, …]`"),
            ));
        }
        // A list with mistakes is still a list, so no other key is reported as missing.
        self.each = Some(matrix::read(value, &mut self.refusals));
    }
}

fn repeated(key: &Ident) -> syn::Error {
    cannot(
        key,
        format_args!("set `{key}` twice"),
        "one of the values would be lost",
        "remove one of the two",
    )
}

/// Returns the hint for a name that is not a literal.
///
/// A lowercase word was most likely meant as the name itself, and `worker-1` without quotes is a
/// subtraction.
fn quoted(value: &Expr) -> String {
    let word: String = value
        .to_token_stream()
        .to_string()
        .split_whitespace()
        .collect();
    let is_name =
        Form::Name.check(&word).is_ok() && word.starts_with(|c: char| c.is_ascii_lowercase());
    let name = if is_name { &word } else { "worker-1" };
    format!("write the name itself in quotes, as in `#[on_vm({name:?})]`")
}

#[cfg(test)]
mod tests;
