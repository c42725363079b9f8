//! `vm-test guests`: which guests there are, what the settings of each are, and which line says so.

use super::args::GuestsArgs;
use super::guest_command::manifest_dir;
use super::output::{complain, remark, say, say_json, table};
use crate::config::{Effective, HOST, Origin, Workspace};
use serde_json::{Map, Value, json};
use std::path::Path;
use vm_test_protocol::failure::Failure;

/// Prints the guests of these names, with all of their settings, or else all guests, with those
/// that somebody has set.
pub(super) fn run(args: &GuestsArgs) -> Result<(), Failure> {
    let workspace = Workspace::find(&manifest_dir())?;
    let all: Vec<&str> = [HOST]
        .into_iter()
        .chain(workspace.names().filter(|name| *name != HOST))
        .collect();
    let names: Vec<&str> = match args.guests.as_slice() {
        [] => all,
        named => named.iter().map(String::as_str).collect(),
    };
    let (mut reports, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        match Report::of(&workspace, name) {
            Ok(report) => reports.push(report),
            Err(failure) => failures.push(failure),
        }
    }
    if args.json {
        let file = workspace.file();
        say_json(&reports.iter().map(|it| it.json(file)).collect::<Vec<_>>())?;
    } else {
        let in_full = args.all || !args.guests.is_empty();
        let file = workspace.file().map(shown);
        let texts = reports.iter().map(|it| it.text(file.as_deref(), in_full));
        say(&texts.collect::<Vec<_>>().join("\n"))?;
        if file.is_none() {
            remark("there is no vm-test.toml here or above; `vm-test init` makes one");
        }
    }
    let Some(last) = failures.pop() else {
        return Ok(());
    };
    failures.iter().for_each(complain);
    Err(last)
}

/// A guest and its settings.
struct Report {
    name: String,
    description: String,
    base: Option<String>,
    settings: Vec<Effective>,
}

impl Report {
    fn of(workspace: &Workspace, name: &str) -> Result<Self, Failure> {
        Ok(Self {
            name: name.to_owned(),
            description: workspace.guest(name, &[])?.description(),
            base: workspace.base(name).map(str::to_owned),
            settings: workspace.effective(name)?,
        })
    }

    fn json(&self, file: Option<&Path>) -> Value {
        let settings = self.settings.iter().map(|setting| {
            let origin = match &setting.origin {
                Origin::Default => json!({ "value": setting.value, "from": "default" }),
                Origin::Table { table, line } => json!({
                    "value": setting.value, "from": table, "file": file, "line": line,
                }),
            };
            (setting.key.to_owned(), origin)
        });
        json!({
            "name": self.name,
            "description": self.description,
            "extends": self.base,
            "settings": settings.collect::<Map<_, _>>(),
        })
    }

    fn text(&self, file: Option<&str>, in_full: bool) -> String {
        let base = self.base.as_ref();
        let base = base.map_or_else(String::new, |base| format!(", extends {base}"));
        let is_shown = |it: &&Effective| in_full || it.origin != Origin::Default;
        let shown: Vec<_> = self.settings.iter().filter(is_shown).collect();
        let rows: Vec<_> = shown.iter().map(|it| row(it, file)).collect();
        let mut text = format!(
            "{}: {}{base}\n{}",
            self.name,
            self.description,
            table(&rows)
        );
        if shown.is_empty() {
            text += "  all settings are defaults\n";
        } else if shown.len() < self.settings.len() {
            let rest = self.settings.len() - shown.len();
            text += &format!("  {rest} more are defaults\n");
        }
        text
    }
}

fn row(setting: &Effective, file: Option<&str>) -> [String; 3] {
    let origin = match &setting.origin {
        Origin::Default => "default".to_owned(),
        Origin::Table { table, line } => format!("{}:{line} [{table}]", file.unwrap_or_default()),
    };
    let value = match &setting.value {
        Value::Null => "the image's".to_owned(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(in_file).collect();
            format!("[{}]", items.join(", "))
        }
        value => value.to_string(),
    };
    [format!("  {}", setting.key), value, origin]
}

/// Returns an item of a list as users write it in the file.
fn in_file(item: &Value) -> String {
    let Value::Object(table) = item else {
        return item.to_string();
    };
    let pairs = table.iter().map(|(key, value)| format!("{key} = {value}"));
    format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
}

/// Returns the path of a file, from here if it is below.
fn shown(file: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let file = file.strip_prefix(&here).unwrap_or(file);
    file.display().to_string()
}
