//! Reads the values of settings from expressions, by the kind that the table of settings says.
//! It must not know the keys: it says which tokens are wrong and what to write instead.

use std::ops::RangeInclusive;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Expr, ExprArray, Lit, LitInt};
use vm_test_settings::form::Form;
use vm_test_settings::guest::Kind;
use vm_test_settings::limits::Limits;
use vm_test_settings::word;

use crate::literal::{bare, text};
use crate::mistake::{Cure, Mistake};
use crate::{placements, quantity};

/// A checked value.
#[derive(Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    List(Vec<String>),
    Amount(u64),
    Amounts(Vec<u64>),
    Count(u32),
    Placements(Vec<(String, String)>),
    Flag(bool),
}

/// Parses a value of this kind.
pub(crate) fn read(kind: &Kind, value: &Expr) -> Result<Value, Mistake> {
    match kind {
        Kind::Choice(choices, _) => choice(kind, choices, value).map(Value::Text),
        Kind::Word(form, _) => word(kind, *form, value).map(Value::Text),
        Kind::Words(form, _) => words(kind, *form, value).map(Value::List),
        Kind::Quantity(limits, _) => amount(kind, limits, value).map(Value::Amount),
        Kind::Quantities(limits, _) => amounts(kind, limits, value).map(Value::Amounts),
        Kind::Count(range, _) => count(kind, range, value).map(Value::Count),
        Kind::Placements(_) => placements::read(kind, value).map(Value::Placements),
        Kind::Flag(_) => flag(kind, value).map(Value::Flag),
    }
}

fn choice(kind: &Kind, choices: &[&str], value: &Expr) -> Result<String, Mistake> {
    let Some(literal) = text(value) else {
        let word = value.to_token_stream().to_string();
        let quoted = choices
            .contains(&word.as_str())
            .then(|| format!("{word:?}"));
        return Err(type_error(kind, value, quoted));
    };
    let word = literal.value();
    if choices.contains(&word.as_str()) {
        return Ok(word);
    }
    let hint = match word::suggestion(&word, choices.iter().copied()) {
        Some(choice) => Cure::Write(format!("{choice:?}")),
        None => {
            let choices = choices.iter().map(|choice| format!("\"{choice}\""));
            let choices: Vec<String> = choices.collect();
            let choices = word::enumerate(choices.iter().map(String::as_str), "`", "or");
            Cure::Say(format!("the value is {choices}"))
        }
    };
    Err(Mistake::new(
        literal,
        format!("there is no `{}`", word.escape_debug()),
        hint,
    ))
}

fn word(kind: &Kind, form: Form, value: &Expr) -> Result<String, Mistake> {
    let literal = text(value).ok_or_else(|| type_error(kind, value, None))?;
    let word = literal.value();
    form.check(&word)
        .map_err(|refusal| Mistake::refused(literal, refusal))?;
    Ok(word)
}

/// Parses a list of strings; checks each element, and that none is repeated.
fn words(kind: &Kind, form: Form, value: &Expr) -> Result<Vec<String>, Mistake> {
    let Expr::Array(ExprArray { elems, .. }) = bare(value) else {
        let bracketed = text(value).map(|text| text.value());
        let bracketed = bracketed.filter(|text| form.check(text).is_ok());
        let bracketed = bracketed.map(|text| format!("[{text:?}]"));
        return Err(type_error(kind, value, bracketed));
    };
    let mut list = Vec::new();
    for element in elems {
        let literal = text(element).ok_or_else(|| type_error(kind, element, None))?;
        let text = literal.value();
        form.check(&text)
            .map_err(|refusal| Mistake::refused(literal, refusal))?;
        if list.contains(&text) {
            let cause = format!("`{text}` is already in the list");
            return Err(Mistake::new(
                literal,
                cause,
                Cure::Say("remove one of the two".to_owned()),
            ));
        }
        list.push(text);
    }
    Ok(list)
}

fn amount(kind: &Kind, limits: &Limits, value: &Expr) -> Result<u64, Mistake> {
    let Some(literal) = text(value) else {
        let number = integer(value).map(ToString::to_string);
        let quoted = number.and_then(|number| quantity::correct(limits, &number));
        return Err(type_error(
            kind,
            value,
            quoted.map(|text| format!("{text:?}")),
        ));
    };
    quantity::read(limits, &literal.value()).map_err(|refusal| Mistake::refused(literal, refusal))
}

fn amounts(kind: &Kind, limits: &Limits, value: &Expr) -> Result<Vec<u64>, Mistake> {
    let Expr::Array(ExprArray { elems, .. }) = bare(value) else {
        let bracketed = text(value).map(|text| text.value());
        let bracketed = bracketed.filter(|text| quantity::read(limits, text).is_ok());
        let bracketed = bracketed.map(|text| format!("[{text:?}]"));
        return Err(type_error(kind, value, bracketed));
    };
    elems
        .iter()
        .map(|element| amount(kind, limits, element))
        .collect()
}

fn count(kind: &Kind, range: &RangeInclusive<u32>, value: &Expr) -> Result<u32, Mistake> {
    let allowed = |number: &u32| range.contains(number);
    let Some(literal) = integer(value) else {
        let unquoted = text(value).and_then(|text| text.value().parse().ok());
        let unquoted = unquoted.filter(allowed).map(|number| number.to_string());
        return Err(type_error(kind, value, unquoted));
    };
    if !literal.suffix().is_empty() {
        return Err(Mistake::new(
            literal,
            format!("the number has the suffix `{}`", literal.suffix()),
            Cure::Write(literal.base10_digits().to_owned()),
        ));
    }
    literal.base10_parse().ok().filter(allowed).ok_or_else(|| {
        let (least, most) = (range.start(), range.end());
        Mistake::new(
            literal,
            format!("`{literal}` is out of range"),
            Cure::Say(format!("write a whole number from {least} to {most}")),
        )
    })
}

fn flag(kind: &Kind, value: &Expr) -> Result<bool, Mistake> {
    if let Expr::Lit(literal) = bare(value)
        && let Lit::Bool(flag) = &literal.lit
    {
        return Ok(flag.value);
    }
    let unquoted = text(value).and_then(|text| text.value().parse::<bool>().ok());
    Err(type_error(
        kind,
        value,
        unquoted.map(|flag| flag.to_string()),
    ))
}

/// Returns the mistake of a value of another kind; `better` is what it most likely stands for.
fn type_error(kind: &Kind, value: &Expr, better: Option<String>) -> Mistake {
    let cure = better.map_or(Cure::Example, Cure::Write);
    Mistake::new(value, kind.type_error(), cure)
}

impl Value {
    /// Returns the value as the runtime represents it, with the runtime's types at `private`.
    pub(crate) fn expand(&self, private: &TokenStream) -> TokenStream {
        match self {
            Value::Text(text) => quote!(#private::Text::Borrowed(#text)),
            Value::List(list) => {
                let texts = list
                    .iter()
                    .map(|text| quote!(#private::Text::Borrowed(#text)));
                quote!(#private::Texts::Borrowed(&[#(#texts),*]))
            }
            Value::Amount(amount) => quote!(#amount),
            Value::Amounts(amounts) => quote!(#private::Sizes::Borrowed(&[#(#amounts),*])),
            Value::Count(count) => quote!(#count),
            Value::Placements(pairs) => {
                let placements = pairs.iter().map(|(from, to)| {
                    quote!(#private::Placement {
                        from: #private::Text::Borrowed(#from),
                        to: #private::Text::Borrowed(#to),
                    })
                });
                quote!(#private::Placements::Borrowed(&[#(#placements),*]))
            }
            Value::Flag(flag) => quote!(#flag),
        }
    }
}

fn integer(value: &Expr) -> Option<&LitInt> {
    match bare(value) {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => Some(number),
            _ => None,
        },
        _ => None,
    }
}
