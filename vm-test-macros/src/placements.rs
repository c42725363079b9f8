//! Reads paths of the host with their paths in the guest: a list of pairs of strings. It must not
//! know whose value they are.

use quote::ToTokens;
use syn::{Expr, ExprArray, ExprTuple};
use vm_test_settings::guest::Kind;
use vm_test_settings::placement::{MOST_PLACEMENTS, check_from, check_to};

use crate::literal::{bare, text};
use crate::mistake::{Cure, Mistake};

/// Parses `[("testdata", "/srv/data")]`.
pub(crate) fn read(kind: &Kind, value: &Expr) -> Result<Vec<(String, String)>, Mistake> {
    let Expr::Array(ExprArray { elems, .. }) = bare(value) else {
        return Err(other_kind(kind, value));
    };
    if elems.len() > MOST_PLACEMENTS {
        return Err(Mistake::new(
            value,
            format!("the list has {} pairs", elems.len()),
            Cure::Say(format!("write at most {MOST_PLACEMENTS}")),
        ));
    }
    let mut pairs: Vec<(String, String)> = Vec::new();
    for element in elems {
        let Expr::Tuple(ExprTuple { elems: ends, .. }) = bare(element) else {
            return Err(other_kind(kind, element));
        };
        let ends: Vec<_> = ends.iter().map(text).collect();
        let [Some(from), Some(to)] = ends.as_slice() else {
            return Err(other_kind(kind, element));
        };
        let pair = (from.value(), to.value());
        check_from(&pair.0).map_err(|refusal| Mistake::refused(from, refusal))?;
        check_to(&pair.1).map_err(|refusal| Mistake::refused(to, refusal))?;
        if pairs.iter().any(|(_, other)| *other == pair.1) {
            let cause = format!("`{}` is already in the list", pair.1.escape_debug());
            let cure = Cure::Say("remove one of the two".to_owned());
            return Err(Mistake::new(to, cause, cure));
        }
        pairs.push(pair);
    }
    Ok(pairs)
}

fn other_kind(kind: &Kind, tokens: impl ToTokens) -> Mistake {
    Mistake::new(tokens, kind.type_error(), Cure::Example)
}
