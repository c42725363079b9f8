//! Checks the values of settings: their limits and their form, which are in the table of settings.
//! Knows no guest; the attribute and `vm-test.toml` report most mistakes earlier and nearer to them.

use super::kernel::OtherKernel;
use vm_test_protocol::pattern::Pattern;
use vm_test_settings::form::{DEVICES, Form, Refusal};
use vm_test_settings::forward::Forward;
use vm_test_settings::guest::{Key, Kind, Text};
use vm_test_settings::word::enumerate;

pub(super) const MOST_DISKS: usize = 8;

/// How many ports a guest forwards at most.
const MOST_FORWARDS: usize = 8;

/// Returns the choice that a word names.
pub(super) fn chosen<T>(
    key: &Key,
    word: &str,
    named: impl FnOnce(&str) -> Option<T>,
) -> Result<T, Refusal> {
    named(word).ok_or_else(|| {
        let choices: Vec<_> = match key.kind {
            Kind::Choice(choices, _) => choices.iter().map(|it| format!("{it:?}")).collect(),
            _ => Vec::new(),
        };
        let choices = enumerate(choices.iter().map(String::as_str), "", "or");
        Refusal::new(
            format!("there is no {} {word:?}", key.name),
            format!("{} is {choices}", key.name),
        )
    })
}

/// Returns a quantity if it is within the limits of its key.
pub(super) fn within(key: &Key, value: u64) -> Result<u64, Refusal> {
    match &key.kind {
        Kind::Quantity(limits, _) if !limits.has(value) => {
            Err(outside(key.name, &limits.scale.show(value), limits.ends()))
        }
        _ => Ok(value),
    }
}

/// Returns a number if it is in the range of its key.
pub(super) fn counted(key: &Key, count: u32) -> Result<u32, Refusal> {
    match &key.kind {
        Kind::Count(range, _) if !range.contains(&count) => {
            let ends = [range.start(), range.end()].map(ToString::to_string);
            Err(outside(key.name, &count.to_string(), ends))
        }
        _ => Ok(count),
    }
}

/// Returns sizes of disks if each is within the limits of their key.
pub(super) fn disks(key: &Key, sizes: &[u64]) -> Result<Vec<u64>, Refusal> {
    if sizes.len() > MOST_DISKS {
        return Err(Refusal::new(
            format!("it asks for {} disks", sizes.len()),
            format!("a VM has at most {MOST_DISKS} blank disks"),
        ));
    }
    if let Kind::Quantities(limits, _) = &key.kind
        && let Some(size) = sizes.iter().find(|size| !limits.has(**size))
    {
        return Err(outside("disk", &limits.scale.show(*size), limits.ends()));
    }
    Ok(sizes.to_vec())
}

fn outside(what: &str, value: &str, [least, most]: [String; 2]) -> Refusal {
    Refusal::new(
        format!("its {what} of {value} is out of range"),
        format!("{what} must be between {least} and {most}"),
    )
}

/// Returns a kernel that replaces the image's.
pub(super) fn kernel(text: &str) -> Result<OtherKernel, Refusal> {
    let wrong = || Refusal::new(format!("{text:?} is not a kernel"), OtherKernel::HINT);
    OtherKernel::named(text).ok_or_else(wrong)
}

/// Returns patterns of files that come back.
pub(super) fn patterns(texts: &[Text]) -> Result<Vec<Pattern>, Refusal> {
    let read = |text: &Text| {
        Pattern::new(text).map_err(|reason| {
            Refusal::new(
                format!("its export {text:?} is not a pattern: {reason}"),
                "write one as in export = [\"**/*.snap.new\"]",
            )
        })
    };
    texts.iter().map(read).collect()
}

/// Returns paths that start at the root or at a home.
pub(super) fn paths(texts: &[Text]) -> Result<Vec<String>, Refusal> {
    match first_unlike(Form::Path, texts) {
        None => Ok(owned(texts)),
        Some(path) => Err(Refusal::new(
            format!("its expose {path:?} is relative"),
            "begin it with ~/ or /",
        )),
    }
}

/// Returns devices that a guest can be given.
pub(super) fn devices(texts: &[Text]) -> Result<Vec<String>, Refusal> {
    match first_unlike(Form::Device, texts) {
        None => Ok(owned(texts)),
        Some(name) => Err(Refusal::new(
            format!("there is no device {name:?} to give"),
            format!(
                "the devices are {}",
                DEVICES.map(|d| format!("{d:?}")).join(", ")
            ),
        )),
    }
}

/// Returns names of kernel modules.
pub(super) fn modules(texts: &[Text]) -> Result<Vec<String>, Refusal> {
    match first_unlike(Form::Module, texts) {
        None => Ok(owned(texts)),
        Some(name) => Err(Refusal::new(
            format!("its module {name:?} is not the name of one"),
            "write it as modprobe takes it, as in modules = [\"8021q\"]",
        )),
    }
}

/// Returns ports that the host has at its loopback, each at a port of its own.
pub(super) fn forward(texts: &[Text]) -> Result<Vec<Forward>, Refusal> {
    if texts.len() > MOST_FORWARDS {
        return Err(Refusal::new(
            format!("it forwards {} ports", texts.len()),
            format!("a guest forwards at most {MOST_FORWARDS}"),
        ));
    }
    let mut all: Vec<Forward> = Vec::new();
    for text in texts {
        let forward = Forward::read(text).map_err(|refusal| {
            let cause = format!("its forward {text:?} cannot be used: {}", refusal.cause);
            Refusal::new(cause, refusal.hint)
        })?;
        let is_same = |it: &&Forward| it.host.is_some() && it.host == forward.host;
        if let Some(other) = all.iter().find(is_same) {
            return Err(Refusal::new(
                format!(
                    "its forward takes port {} twice",
                    other.host.unwrap_or_default()
                ),
                "leave one of the two host's ports out, and any free one is taken",
            ));
        }
        all.push(forward);
    }
    Ok(all)
}

fn first_unlike(form: Form, texts: &[Text]) -> Option<&Text> {
    texts.iter().find(|text| form.check(text).is_err())
}

/// Returns the texts themselves.
pub(super) fn owned(texts: &[Text]) -> Vec<String> {
    texts.iter().map(|text| text.to_string()).collect()
}
