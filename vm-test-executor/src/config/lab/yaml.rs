//! Reads YAML into a tree with the numbers of its lines. Knows no key.
//!
//! Only what people write by hand is read: one document of tables, lists and texts. An alias
//! repeats a part of the document, which can be made to grow without end, and is refused.

use crate::config::mistake::Mistake;
use saphyr_parser::{Event, Parser, ScalarStyle};
use vm_test_settings::form::Refusal;

/// How deep tables and lists may be in each other.
const DEEPEST: usize = 16;

/// A part of a document.
#[derive(Debug)]
pub(super) struct Value {
    /// The number of its line.
    pub(super) line: usize,
    pub(super) content: Content,
}

/// What a part of a document is.
#[derive(Debug)]
pub(super) enum Content {
    /// Nothing.
    Null,
    Text(String),
    List(Vec<Value>),
    Table(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug)]
pub(super) struct Entry {
    /// The number of the key's line.
    pub(super) line: usize,
    pub(super) key: String,
    pub(super) value: Value,
}

/// A table or list that has begun.
enum Open {
    List(usize, Vec<Value>),
    Table(usize, Vec<Entry>, Option<(usize, String)>),
}

/// Reads a document.
pub(super) fn parse(text: &str) -> Result<Value, Mistake> {
    let refuse =
        |line, cause: String, hint: &str| Err(Mistake::new(line, Refusal::new(cause, hint)));
    let mut open: Vec<Open> = Vec::new();
    let mut document = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let cause = format!("it is not YAML: {}", error.info());
                let hint = "indent with spaces, and put a value with `: ` or ` #` in quotes";
                return refuse(error.marker().line(), cause, hint);
            }
        };
        let line = span.start.line();
        let done = match event {
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() == DEEPEST => {
                let cause = format!("more than {DEEPEST} tables and lists are in each other");
                return refuse(line, cause, "no topology needs that: make it flatter");
            }
            Event::SequenceStart(..) => {
                open.push(Open::List(line, Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Table(line, Vec::new(), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List(line, list)) => Value {
                    line,
                    content: Content::List(list),
                },
                Some(Open::Table(line, table, _)) => Value {
                    line,
                    content: Content::Table(table),
                },
                None => continue,
            },
            Event::Scalar(text, style, ..) => scalar(line, &text, style),
            Event::Alias(_) => {
                let cause = "aliases are not read".to_owned();
                return refuse(line, cause, "write out what stands at the anchor");
            }
            Event::DocumentStart(_) if document.is_some() => {
                let cause = "a second document begins here".to_owned();
                return refuse(line, cause, "use one file for each topology");
            }
            _ => continue,
        };
        match put(open.last_mut(), done) {
            Ok(None) => {}
            Ok(whole) => document = whole,
            Err(mistake) => return Err(mistake),
        }
    }
    match document {
        Some(document) => Ok(document),
        None => refuse(
            1,
            "it is empty".to_owned(),
            "it needs `topology` with `nodes`",
        ),
    }
}

/// Puts a value where it belongs; returns it if it is the whole document.
fn put(place: Option<&mut Open>, value: Value) -> Result<Option<Value>, Mistake> {
    let refuse =
        |cause: String, hint: &str| Err(Mistake::new(value.line, Refusal::new(cause, hint)));
    match place {
        None => return Ok(Some(value)),
        Some(Open::List(_, list)) => list.push(value),
        Some(Open::Table(_, table, waiting)) => match waiting.take() {
            Some((line, key)) => table.push(Entry { line, key, value }),
            None => {
                let Content::Text(key) = value.content else {
                    let cause = "a key is not a text".to_owned();
                    return refuse(cause, "put a key that looks like something else in quotes");
                };
                if key == "<<" {
                    let cause = "`<<` is not read".to_owned();
                    return refuse(cause, "write out what it would merge");
                }
                if table.iter().any(|entry| entry.key == key) {
                    let cause = format!("`{}` stands there twice", key.escape_debug());
                    return refuse(cause, "leave one of the two out");
                }
                *waiting = Some((value.line, key));
            }
        },
    }
    Ok(None)
}

fn scalar(line: usize, text: &str, style: ScalarStyle) -> Value {
    let is_null = style == ScalarStyle::Plain && ["", "~", "null", "Null", "NULL"].contains(&text);
    Value {
        line,
        content: if is_null {
            Content::Null
        } else {
            Content::Text(text.to_owned())
        },
    }
}

impl Value {
    /// Returns the entries of a table; nothing is an empty one.
    pub(super) fn table(&self) -> Option<&[Entry]> {
        match &self.content {
            Content::Table(table) => Some(table),
            Content::Null => Some(&[]),
            _ => None,
        }
    }

    /// Returns the items of a list; nothing is an empty one.
    pub(super) fn list(&self) -> Option<&[Value]> {
        match &self.content {
            Content::List(list) => Some(list),
            Content::Null => Some(&[]),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }
}
