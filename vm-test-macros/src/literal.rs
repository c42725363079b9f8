//! Literals in the expressions of the attribute, as they were written. It must not know what they mean.

use syn::{Expr, Lit, LitStr};

/// Returns the expression without the invisible group around a `macro_rules` fragment.
pub(crate) fn bare(value: &Expr) -> &Expr {
    match value {
        Expr::Group(group) => bare(&group.expr),
        value => value,
    }
}

/// Returns the string, if the expression is a string literal without a suffix.
pub(crate) fn text(value: &Expr) -> Option<&LitStr> {
    match bare(value) {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) if text.suffix().is_empty() => Some(text),
            _ => None,
        },
        _ => None,
    }
}
