//! Lists of behaviors with percentages: `5:hang,10:delay`. It does not know the behaviors.

/// Reads such a list: percentages from 1 to 100, together at most 100, and names.
///
/// # Errors
///
/// Returns what is wrong with it.
pub(super) fn read(text: &str) -> Result<Vec<(u32, String)>, String> {
    let parts = text.split(',').map(|part| {
        let (percent, name) = part
            .split_once(':')
            .ok_or_else(|| format!("{part:?} is not percentage:name, as in 20:delay"))?;
        let percent = percent.trim().parse().ok().filter(|it| *it <= 100);
        let percent =
            percent.ok_or_else(|| format!("{part:?} does not begin with a percentage"))?;
        Ok((percent, name.trim().to_owned()))
    });
    let parts: Vec<(u32, String)> = parts.collect::<Result<_, String>>()?;
    let total: u32 = parts.iter().map(|(percent, _)| percent).sum();
    if total > 100 {
        return Err(format!(
            "the percentages are {total} together, more than 100"
        ));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_names_with_percentages_of_at_most_a_hundred() {
        let expected = vec![(5, "hang".to_owned()), (10, "delay".to_owned())];
        assert_eq!(read("5:hang, 10:delay"), Ok(expected));
        for wrong in [
            "hang",
            "x:hang",
            "-1:hang",
            "101:hang",
            "60:hang,50:delay",
            "",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
