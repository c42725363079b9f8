//! Knows the kinds of values a setting can take and reads them from expressions.
//! It must not know the keys: it is told the kind, and says which tokens are wrong and what to write instead.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Expr, ExprArray, Lit, LitInt, LitStr};
use vm_test_settings::word;

use crate::quantity::Limits;
use crate::refusal::Refusal;
use crate::spelling;

/// What a key takes.
#[derive(Debug)]
pub(crate) enum Kind {
    Choice(&'static [&'static str]),
    Image,
    Kernel,
    Quantity(&'static Limits),
    Count { least: u32, most: u32 },
    Variables,
    Patterns,
    Paths,
    Members(&'static [&'static str]),
    Quantities(&'static Limits),
    Flag,
}

/// A checked value.
#[derive(Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    List(Vec<String>),
    Amount(u64),
    Amounts(Vec<u64>),
    Count(u32),
    Flag(bool),
}

/// A value that cannot be used.
pub(crate) struct Mistake {
    pub(crate) tokens: TokenStream,
    pub(crate) cause: String,
    pub(crate) cure: Cure,
}

/// How a user can mend a value. The key is added by the caller, who knows it.
pub(crate) enum Cure {
    /// Write this after `key =`.
    Write(String),
    /// Write what the key's example shows.
    Example,
    /// A sentence of its own.
    Say(String),
}

impl Kind {
    pub(crate) fn read(&self, value: &Expr) -> Result<Value, Mistake> {
        match self {
            Kind::Choice(choices) => self.choice(choices, value).map(Value::Text),
            Kind::Image => self.word(value, spelling::check_name).map(Value::Text),
            Kind::Kernel => self.word(value, spelling::check_kernel).map(Value::Text),
            Kind::Quantity(limits) => self.quantity(limits, value).map(Value::Amount),
            Kind::Count { least, most } => self.count(*least, *most, value).map(Value::Count),
            Kind::Variables => self.list(value, spelling::check_variable).map(Value::List),
            Kind::Patterns => self.list(value, spelling::check_pattern).map(Value::List),
            Kind::Paths => self.list(value, spelling::check_path).map(Value::List),
            Kind::Members(members) => {
                let check = |text: &str| check_member(members, text);
                self.list(value, check).map(Value::List)
            }
            Kind::Quantities(limits) => self.quantities(limits, value).map(Value::Amounts),
            Kind::Flag => self.flag(value).map(Value::Flag),
        }
    }

    fn choice(&self, choices: &[&str], value: &Expr) -> Result<String, Mistake> {
        let Some(literal) = text(value) else {
            let word = value.to_token_stream().to_string();
            let quoted = choices
                .contains(&word.as_str())
                .then(|| format!("{word:?}"));
            return Err(self.unlike(value, quoted));
        };
        let word = literal.value();
        if choices.contains(&word.as_str()) {
            return Ok(word);
        }
        let hint = match word::meant(&word, choices.iter().copied()) {
            Some(choice) => Cure::Write(format!("{choice:?}")),
            None => {
                let choices = choices.iter().map(|choice| format!("\"{choice}\""));
                let choices: Vec<String> = choices.collect();
                let choices = spelling::enumerate(choices.iter().map(String::as_str), "`", "or");
                Cure::Say(format!("the value is {choices}"))
            }
        };
        Err(Mistake::new(
            literal,
            format!("there is no `{}`", word.escape_debug()),
            hint,
        ))
    }

    fn word(
        &self,
        value: &Expr,
        check: impl Fn(&str) -> Result<(), Refusal>,
    ) -> Result<String, Mistake> {
        let literal = text(value).ok_or_else(|| self.unlike(value, None))?;
        let word = literal.value();
        check(&word).map_err(|refusal| Mistake::refused(literal, refusal))?;
        Ok(word)
    }

    fn quantity(&self, limits: &Limits, value: &Expr) -> Result<u64, Mistake> {
        let Some(literal) = text(value) else {
            let quoted = integer(value).and_then(|number| limits.correct(&number.to_string()));
            return Err(self.unlike(value, quoted.map(|text| format!("{text:?}"))));
        };
        limits
            .read(&literal.value())
            .map_err(|refusal| Mistake::refused(literal, refusal))
    }

    fn quantities(&self, limits: &Limits, value: &Expr) -> Result<Vec<u64>, Mistake> {
        let Expr::Array(ExprArray { elems, .. }) = bare(value) else {
            let bracketed = text(value).map(|text| text.value());
            let bracketed = bracketed.filter(|text| limits.read(text).is_ok());
            return Err(self.unlike(value, bracketed.map(|text| format!("[{text:?}]"))));
        };
        elems
            .iter()
            .map(|element| self.quantity(limits, element))
            .collect()
    }

    fn count(&self, least: u32, most: u32, value: &Expr) -> Result<u32, Mistake> {
        let allowed = |number: &u32| (least..=most).contains(number);
        let Some(literal) = integer(value) else {
            let unquoted = text(value).and_then(|text| text.value().parse().ok());
            return Err(self.unlike(
                value,
                unquoted.filter(allowed).map(|number| number.to_string()),
            ));
        };
        if !literal.suffix().is_empty() {
            return Err(Mistake::new(
                literal,
                format!("the number has the suffix `{}`", literal.suffix()),
                Cure::Write(literal.base10_digits().to_owned()),
            ));
        }
        literal.base10_parse().ok().filter(allowed).ok_or_else(|| {
            Mistake::new(
                literal,
                format!("`{literal}` is out of range"),
                Cure::Say(format!("write a whole number from {least} to {most}")),
            )
        })
    }

    fn flag(&self, value: &Expr) -> Result<bool, Mistake> {
        if let Expr::Lit(literal) = bare(value)
            && let Lit::Bool(flag) = &literal.lit
        {
            return Ok(flag.value);
        }
        let unquoted = text(value).and_then(|text| text.value().parse::<bool>().ok());
        Err(self.unlike(value, unquoted.map(|flag| flag.to_string())))
    }

    /// A list of strings; each element is checked, and none may stand there twice.
    fn list(
        &self,
        value: &Expr,
        check: impl Fn(&str) -> Result<(), Refusal>,
    ) -> Result<Vec<String>, Mistake> {
        let Expr::Array(ExprArray { elems, .. }) = bare(value) else {
            let bracketed = text(value).map(|text| text.value());
            let bracketed = bracketed.filter(|text| check(text).is_ok());
            return Err(self.unlike(value, bracketed.map(|text| format!("[{text:?}]"))));
        };
        let mut list = Vec::new();
        for element in elems {
            let literal = text(element).ok_or_else(|| self.unlike(element, None))?;
            let text = literal.value();
            check(&text).map_err(|refusal| Mistake::refused(literal, refusal))?;
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

    /// A value of another kind than this; `better` is the value it most likely stands for.
    fn unlike(&self, value: &Expr, better: Option<String>) -> Mistake {
        let cause = match self {
            Kind::Choice(_) => "the value is not a word in quotes".to_owned(),
            Kind::Image => "the value is not a name in quotes".to_owned(),
            Kind::Kernel => "the value is not a package or a path in quotes".to_owned(),
            Kind::Quantity(limits) => format!("the value is not a {} in quotes", limits.noun()),
            Kind::Count { least, most } => {
                format!("the value is not a whole number from {least} to {most}")
            }
            Kind::Variables => "the value is not a list of names in quotes".to_owned(),
            Kind::Patterns => "the value is not a list of patterns in quotes".to_owned(),
            Kind::Paths => "the value is not a list of paths in quotes".to_owned(),
            Kind::Members(_) => "the value is not a list of words in quotes".to_owned(),
            Kind::Quantities(limits) => {
                format!("the value is not a list of {}s in quotes", limits.noun())
            }
            Kind::Flag => "the value is neither `true` nor `false`".to_owned(),
        };
        Mistake::new(value, cause, better.map_or(Cure::Example, Cure::Write))
    }
}

impl Mistake {
    fn new(tokens: impl ToTokens, cause: String, cure: Cure) -> Self {
        Self {
            tokens: tokens.to_token_stream(),
            cause,
            cure,
        }
    }

    fn refused(tokens: impl ToTokens, refusal: Refusal) -> Self {
        Self::new(tokens, refusal.cause, Cure::Say(refusal.hint))
    }
}

impl ToTokens for Value {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Value::Text(text) => quote!(#text),
            Value::List(list) => quote!(&[#(#list),*]),
            Value::Amount(amount) => quote!(#amount),
            Value::Amounts(amounts) => quote!(&[#(#amounts),*]),
            Value::Count(count) => quote!(#count),
            Value::Flag(flag) => quote!(#flag),
        });
    }
}

fn check_member(members: &[&str], text: &str) -> Result<(), Refusal> {
    if members.contains(&text) {
        return Ok(());
    }
    let members: Vec<String> = members.iter().map(|member| format!("{member:?}")).collect();
    let members = spelling::enumerate(members.iter().map(String::as_str), "`", "and");
    Err(Refusal::new(
        format!("there is no device `{}`", text.escape_debug()),
        format!("the devices are {members}"),
    ))
}

/// The expression without the invisible group that a `macro_rules` fragment comes in.
pub(crate) fn bare(value: &Expr) -> &Expr {
    match value {
        Expr::Group(group) => bare(&group.expr),
        value => value,
    }
}

/// The string, if the expression is a string literal without a suffix.
pub(crate) fn text(value: &Expr) -> Option<&LitStr> {
    match bare(value) {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) if text.suffix().is_empty() => Some(text),
            _ => None,
        },
        _ => None,
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
