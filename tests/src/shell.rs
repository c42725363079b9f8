//! Parses commands as documents show them: a small part of the shell's grammar. Everything else is
//! an error, so that no line goes unread.

/// One command of a script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// The variables that are set for it.
    pub environment: Vec<(String, String)>,
    /// The program and its arguments, without redirections.
    pub words: Vec<String>,
}

/// Operators that end a command.
const SEPARATORS: [&str; 4] = ["&&", "||", "|", ";"];

/// The beginnings of substitutions, which documents do not need.
const SUBSTITUTIONS: [&str; 2] = ["`", "$("];

/// Returns the commands of a script, in order.
///
/// # Errors
/// If a quote is not closed, or if there is a substitution.
pub fn commands(script: &str) -> Result<Vec<Command>, String> {
    let mut commands = Vec::new();
    for line in script.replace("\\\n", " ").lines() {
        let mut command = Command::default();
        let mut is_target = false;
        for word in words(line)? {
            match word {
                Word::Separator => commands.push(std::mem::take(&mut command)),
                Word::Redirection(has_target) => is_target = !has_target,
                Word::Plain(_) if is_target => is_target = false,
                Word::Plain(word) => match assignment(&word) {
                    Some((name, value)) if command.words.is_empty() => {
                        command.environment.push((name, value));
                    }
                    _ => command.words.push(word),
                },
            }
        }
        commands.push(command);
    }
    commands.retain(|command| *command != Command::default());
    Ok(commands)
}

enum Word {
    Plain(String),
    Separator,
    /// Whether the target is part of the same word.
    Redirection(bool),
}

/// Returns the words of a line, up to a comment.
fn words(line: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() && !rest.starts_with('#') {
        let (word, after, is_quoted) = word(rest)?;
        words.push(match &*word {
            separator if SEPARATORS.contains(&separator) && !is_quoted => Word::Separator,
            word if is_redirection(word) && !is_quoted => Word::Redirection(!word.ends_with('>')),
            word => Word::Plain(word.to_owned()),
        });
        rest = after.trim_start();
    }
    Ok(words)
}

fn is_redirection(word: &str) -> bool {
    word.trim_start_matches(|letter: char| letter.is_ascii_digit())
        .starts_with('>')
}

/// Returns the first word, what follows it, and whether any of it was quoted.
fn word(line: &str) -> Result<(String, &str, bool), String> {
    let mut word = String::new();
    let mut quote = None;
    let mut is_quoted = false;
    for (at, letter) in line.char_indices() {
        let is_literal = quote == Some('\'');
        if !is_literal
            && SUBSTITUTIONS
                .iter()
                .any(|sign| line[at..].starts_with(sign))
        {
            return Err(format!("`{line}` substitutes something"));
        }
        match letter {
            '\'' | '"' if quote == Some(letter) => quote = None,
            '\'' | '"' if quote.is_none() => (quote, is_quoted) = (Some(letter), true),
            ' ' if quote.is_none() => return Ok((word, &line[at..], is_quoted)),
            ';' if quote.is_none() && word.is_empty() => {
                return Ok((";".to_owned(), &line[at + 1..], false));
            }
            ';' if quote.is_none() => return Ok((word, &line[at..], is_quoted)),
            letter => word.push(letter),
        }
    }
    match quote {
        Some(_) => Err(format!("`{line}` has an open quote")),
        None => Ok((word, "", is_quoted)),
    }
}

/// Returns the two sides of `NAME=value`.
fn assignment(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    let is_name = name
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    (is_name && !name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns each command as its variables and words.
    fn read(script: &str) -> Vec<String> {
        let told = |command: Command| {
            let variables = command.environment.into_iter();
            let variables = variables.map(|(name, value)| format!("{name}=[{value}]"));
            let words = command.words.into_iter().map(|word| format!("[{word}]"));
            variables.chain(words).collect::<Vec<_>>().join(" ")
        };
        commands(script).unwrap().into_iter().map(told).collect()
    }

    #[test]
    fn commands_are_read_as_a_shell_reads_them() {
        assert_eq!(
            read("a b  # c\n\n# d\nX=1 Y='2 3' e f=4\n"),
            ["[a] [b]", "X=[1] Y=[2 3] [e] [f=4]"]
        );
        assert_eq!(
            read("a \\\n  b && c | d; e 2>/dev/null f >> g h"),
            ["[a] [b]", "[c]", "[d]", "[e] [f] [h]"]
        );
        assert_eq!(
            read("a '; # b' \"c 'd'\" e#f"),
            ["[a] [; # b] [c 'd'] [e#f]"]
        );
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for script in ["a 'b", "a \"b", "a `b`", "a \"$(b)\""] {
            assert!(commands(script).is_err(), "{script}");
        }
        assert_eq!(read("a '$(b)'"), ["[a] [$(b)]"]);
    }
}
