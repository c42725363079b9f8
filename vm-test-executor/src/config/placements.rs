//! Lists of paths of the host with their paths in a guest: read from `vm-test.toml`, and checked.
//! Looks at no file.

use super::mistake::FILE;
use super::value::write;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use toml::de::DeValue;
use vm_test_settings::form::Refusal;
use vm_test_settings::guest::{Key, Text};
use vm_test_settings::placement::{MOST_PLACEMENTS, Placement, check_from, check_to};

/// The keys of a placement in the file.
const FROM: &str = "from";
const TO: &str = "to";

/// A path of the host, and the one that the guest has it at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The path on the host; absolute once the guest is decided.
    pub from: PathBuf,
    /// The path in the guest.
    pub to: PathBuf,
}

impl Placed {
    /// Returns it as users write it in the file, as JSON.
    pub(super) fn value(&self) -> Value {
        json!({ FROM: self.from, TO: self.to })
    }

    /// Makes the path of the host absolute: a relative one starts at this directory.
    pub(super) fn start_at(&mut self, directory: &Path) {
        self.from = directory.join(&self.from);
    }
}

/// Reads one element of a list.
pub(super) fn read(key: &Key, found: &DeValue<'_>) -> Result<Placement, Refusal> {
    let example = || write(key.name, key.example_in_file());
    let refuse = |cause: String| Refusal::new(cause, example());
    let Some(table) = found.as_table() else {
        return Err(refuse(key.kind.type_error()));
    };
    for (name, _) in table {
        let name: &str = name.get_ref();
        if ![FROM, TO].contains(&name) {
            let name = name.escape_debug();
            return Err(refuse(format!("`{name}` is neither `{FROM}` nor `{TO}`")));
        }
    }
    let path = |name: &str| {
        let Some(path) = table.get(name) else {
            return Err(refuse(format!("`{name}` is missing")));
        };
        let path = path.get_ref().as_str();
        path.map(|path| Text::from(path.to_owned()))
            .ok_or_else(|| refuse(format!("`{name}` is not a path in quotes")))
    };
    let placement = Placement {
        from: path(FROM)?,
        to: path(TO)?,
    };
    placement.check()?;
    Ok(placement)
}

/// Returns placements whose paths can be used.
pub(super) fn checked(key: &Key, list: &[Placement]) -> Result<Vec<Placed>, Refusal> {
    if list.len() > MOST_PLACEMENTS {
        return Err(Refusal::new(
            format!("its {} has {} entries", key.name, list.len()),
            format!("write at most {MOST_PLACEMENTS}; a directory comes with all that is in it"),
        ));
    }
    let mut all: Vec<Placed> = Vec::new();
    for Placement { from, to } in list {
        check_from(from).and_then(|()| check_to(to)).map_err(|it| {
            let cause = format!("its {} cannot be used: {}", key.name, it.cause);
            Refusal::new(cause, it.hint)
        })?;
        let placed = Placed {
            from: PathBuf::from(&**from),
            // Without a slash at its end.
            to: Path::new(&**to).components().collect(),
        };
        if all.iter().any(|other| other.to == placed.to) {
            let to = placed.to.display();
            return Err(Refusal::new(
                format!("its {} has two entries for {to}", key.name),
                format!("remove one of them from {FILE} or the test"),
            ));
        }
        all.push(placed);
    }
    Ok(all)
}
