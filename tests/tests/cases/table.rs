//! The table of `docs/workspace.md`: its rows by what a test does, and what its cells say. A cell
//! in other words than these is an error, so that nobody changes the table without the tests.

use vm_test_tests::place::Place;

const PAGE: &str = include_str!("../../../docs/workspace.md");

/// The heading above the table.
const TITLE: &str = "## What an overlay does differently";

/// A row: how its first cell begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    Renames,
    Links,
    Maps,
    OpensDirectly,
}

impl Row {
    const ALL: [Self; 4] = [Self::Renames, Self::Links, Self::Maps, Self::OpensDirectly];

    fn begin(self) -> &'static str {
        match self {
            Self::Renames => "renames a directory",
            Self::Links => "writes to a file that has several names (hard links)",
            Self::Maps => "maps a file while another descriptor writes to it",
            Self::OpensDirectly => "opens a file of the workspace for writing with `O_DIRECT`",
        }
    }
}

/// Where a test does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Locally = 1,
    Container = 2,
    Vm = 3,
}

impl From<Place> for Column {
    fn from(place: Place) -> Self {
        match place {
            Place::Container => Self::Container,
            Place::Vm => Self::Vm,
        }
    }
}

/// What happens to files of the workspace, and to those of the root file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) in_workspace: bool,
    pub(crate) in_root: bool,
}

impl Effect {
    const fn both(is_so: bool) -> Self {
        Self {
            in_workspace: is_so,
            in_root: is_so,
        }
    }
}

/// Returns the rows of the table, each with all its cells.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let (_, text) = page.split_once(TITLE).expect("the table");
    let text = text.split("\n## ").next().unwrap_or_default();
    let lines = text.lines().filter(|line| line.starts_with('|')).skip(2);
    lines
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

fn cell(page: &str, row: Row, column: Column) -> &str {
    let rows = rows(page);
    let mut found = rows
        .iter()
        .filter(|cells| cells[0].starts_with(row.begin()));
    let cells = found.next().expect("the row");
    assert_eq!((cells.len(), found.next()), (4, None), "{cells:?}");
    cells[column as usize]
}

/// Returns whether a directory can be renamed.
fn renames(cell: &str) -> Option<Effect> {
    match cell {
        "it is renamed" => Some(Effect::both(true)),
        "fails with `EXDEV` (\"Invalid cross-device link\"), in the workspace and in the root file system; the failure message says why" => {
            Some(Effect::both(false))
        }
        _ => None,
    }
}

/// Returns whether what is written under one name shows under the other.
fn links(cell: &str) -> Option<Effect> {
    match cell {
        "the change shows under every name" => Some(Effect::both(true)),
        "the change shows only under the name that was used" => Some(Effect::both(false)),
        _ => None,
    }
}

/// Returns whether an older mapping shows what is written later.
fn maps(cell: &str) -> Option<Effect> {
    match cell {
        "the mapping shows the new bytes" => Some(Effect::both(true)),
        "the mapping keeps the old bytes; a mapping made afterwards shows the new ones" => {
            Some(Effect::both(false))
        }
        "as in a container, but only in the workspace" => Some(Effect {
            in_workspace: false,
            in_root: true,
        }),
        _ => None,
    }
}

/// Returns whether a file can be opened so by a test under the kernel with this release.
fn opens_directly(cell: &str, kernel: &str) -> Option<Effect> {
    match cell {
        "works with Linux 6.6 and later, where tmpfs supports it"
        | "fails with `EINVAL` if the guest's kernel is older than 6.6, as Debian 12's is" => {
            let mut parts = kernel.split(['.', '-']).map(|part| part.parse().ok());
            let version: (u32, u32) = (parts.next()??, parts.next()??);
            Some(Effect::both(version >= (6, 6)))
        }
        _ => None,
    }
}

/// Returns whether what a test does works as on a plain file system.
pub(crate) fn works(row: Row, column: Column, kernel: &str) -> Effect {
    let cell = cell(PAGE, row, column);
    let effect = match row {
        Row::Renames => renames(cell),
        Row::Links => links(cell),
        Row::Maps => maps(cell),
        Row::OpensDirectly => opens_directly(cell, kernel),
    };
    effect.unwrap_or_else(|| panic!("{row:?}, {column:?}: no test knows what {cell:?} means"))
}

#[test]
fn every_row_of_the_table_about_overlays_is_one_that_tests_know() {
    let rows = rows(PAGE);
    assert_eq!(rows.len(), Row::ALL.len(), "{rows:?}");
    for (cells, row) in rows.iter().zip(Row::ALL) {
        assert!(cells[0].starts_with(row.begin()), "{cells:?}");
    }
}

#[test]
fn a_cell_in_other_words_is_no_cell_that_tests_know() {
    for cell in ["", "it is renamed sometimes", "the same"] {
        let found = [
            renames(cell),
            links(cell),
            maps(cell),
            opens_directly(cell, "6.1.0-41-amd64"),
        ];
        assert_eq!(found, [None; 4], "{cell}");
    }
    let cell = "works with Linux 6.6 and later, where tmpfs supports it";
    for (kernel, works) in [
        ("6.1.0-41-amd64", false),
        ("6.6-rc1", true),
        ("7.0.1", true),
    ] {
        let found = opens_directly(cell, kernel);
        assert_eq!(found, Some(Effect::both(works)), "{kernel}");
    }
}
