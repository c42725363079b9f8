//! What a registry asks for before it answers: the header `WWW-Authenticate`.
//!
//! Parses bytes of strangers; asks for nothing.

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A token that this address gives, for this service.
    Bearer {
        realm: String,
        service: Option<String>,
    },
    /// Name and password.
    Basic,
}

/// Returns the first challenge of a known kind in a header.
pub(super) fn parse(header: &str) -> Option<Challenge> {
    let mut rest = header;
    let mut found: Option<(&str, Vec<(&str, String)>)> = None;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !"-._~+/".contains(c))
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.is_empty() {
            return found.and_then(known);
        }
        match (after.strip_prefix('='), &mut found) {
            (Some(after), Some((_, parameters))) => {
                let (value, after) = value_of(after)?;
                parameters.push((word, value));
                rest = after;
            }
            // A parameter of no challenge.
            (Some(_), None) => return None,
            (None, _) => {
                if let Some(challenge) = found.take().and_then(known) {
                    return Some(challenge);
                }
                found = Some((word, Vec::new()));
                rest = after;
            }
        }
    }
}

/// Returns the value at the beginning, and what follows it.
fn value_of(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        return Some((text[..end].to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}

fn known((scheme, parameters): (&str, Vec<(&str, String)>)) -> Option<Challenge> {
    let get = |name: &str| {
        let found = parameters
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone())
    };
    if scheme.eq_ignore_ascii_case("bearer") {
        let service = get("service");
        return get("realm").map(|realm| Challenge::Bearer { realm, service });
    }
    scheme
        .eq_ignore_ascii_case("basic")
        .then_some(Challenge::Basic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>) -> Option<Challenge> {
        Some(Challenge::Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
        })
    }

    #[test]
    fn the_first_known_challenge_is_taken() {
        for (header, expected) in [
            (
                "Bearer realm=\"https://a/t\",service=\"r, s\",scope=\"repository:a:pull\"",
                bearer("https://a/t", Some("r, s")),
            ),
            ("bearer realm=x", bearer("x", None)),
            ("Bearer REALM = x", None),
            ("Bearer service=\"s\"", None),
            ("Basic realm=\"a \\\" b\"", Some(Challenge::Basic)),
            ("Basic", Some(Challenge::Basic)),
            (
                "Negotiate, Bearer realm=\"x\", Basic realm=\"y\"",
                bearer("x", None),
            ),
            (
                "Digest realm=\"x\", Basic realm=\"y\"",
                Some(Challenge::Basic),
            ),
            ("Bearer realm=\"x", None),
            ("Bearer realm=\"x\\", None),
            ("=,=", None),
            ("", None),
            ("é", None),
        ] {
            assert_eq!(parse(header), expected, "{header}");
        }
    }

    #[test]
    fn no_header_is_too_strange_to_be_read() {
        let alphabet: Vec<char> = "Bearer basic=\"\\, é/~".chars().collect();
        let mut state: u64 = 7;
        for _ in 0..20_000 {
            let header: String = (0..12)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    alphabet[usize::try_from(state >> 33).unwrap() % alphabet.len()]
                })
                .collect();
            // Any answer is right; what may not happen is a panic or a loop without end.
            let _ = parse(&header);
        }
    }
}
