//! Text in each of the languages of pictures: what would be syntax there is written otherwise.

/// Returns the text as characters of an XML document.
pub(super) fn xml(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            // No XML document may have them.
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Returns lines as a string of Graphviz, quotes included.
pub(super) fn dot(lines: &[String]) -> String {
    let lines: Vec<_> = lines
        .iter()
        .map(|line| line.replace('\\', "\\\\").replace('"', "\\\""))
        .collect();
    format!("\"{}\"", lines.join("\\n"))
}

/// Returns lines as a string of Mermaid, quotes included.
pub(super) fn mermaid(lines: &[String]) -> String {
    let lines: Vec<_> = lines
        .iter()
        .map(|line| {
            // Mermaid reads `#` as the beginning of a character's name.
            let line = line.replace('#', "#35;").replace('"', "#quot;");
            line.replace('<', "#lt;").replace('>', "#gt;")
        })
        .collect();
    format!("\"{}\"", lines.join("<br/>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax_becomes_text() {
        let lines = ["a\"<b>\\#&".to_owned(), "c".to_owned()];
        assert_eq!(xml("a\"<b>'&\x1b"), "a&quot;&lt;b&gt;&#39;&amp;\u{fffd}");
        assert_eq!(dot(&lines), "\"a\\\"<b>\\\\#&\\nc\"");
        assert_eq!(mermaid(&lines), "\"a#quot;#lt;b#gt;\\#35;&<br/>c\"");
    }
}
