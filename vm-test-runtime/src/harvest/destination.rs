//! Where the files of one test go, whichever of its guests they come from, and how many have come so
//! far: the limits are those of the test. Receives nothing itself.

use super::draft::Draft;
use super::names;
use super::places::Places;
use crate::cargo::is_cargos;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use vm_test_protocol::harvest::{FileKind, MOST_FILES, Wanted};

/// How many names are tried for one profile.
const MOST_NAMES: usize = 1_000;

/// Where the files of one test go.
#[derive(Debug)]
pub struct Destination {
    places: Places,
    taken: Mutex<Taken>,
}

/// What has come so far.
#[derive(Debug, Default)]
struct Taken {
    files: [usize; 3],
    bytes: [u64; 3],
    /// The artifacts: two names of a guest may become the same on the host.
    artifacts: BTreeSet<Vec<String>>,
    profiles: usize,
}

/// The guest that a file comes from.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The instance, as part of names that must be unique.
    pub(super) instance: String,
    /// The name of the node, if it is not the one that the test runs on: its artifacts have a
    /// directory of their own.
    pub(super) node: Option<String>,
}

impl Destination {
    /// Returns the destination of a test's files, none of which has come.
    #[must_use]
    pub fn new(places: Places) -> Arc<Self> {
        Arc::new(Self {
            places,
            taken: Mutex::default(),
        })
    }

    /// Returns what the agent is asked for that runs the test.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        self.places.wanted()
    }

    /// Returns what the agents are asked for that run something for the test: it stays until all of
    /// it is brought.
    #[must_use]
    pub fn wanted_of_node(&self) -> Wanted {
        Wanted {
            exports: None,
            stay: true,
            ..self.wanted()
        }
    }

    /// Returns whether coverage is measured.
    #[must_use]
    pub fn measures_coverage(&self) -> bool {
        self.places.profiles.is_some()
    }

    /// Returns the directory of artifacts, if there is anything in it.
    #[must_use]
    pub fn artifacts(&self) -> Option<&Path> {
        let directory = self.places.artifacts.as_deref()?;
        let is_empty = self.taken().artifacts.is_empty();
        (!is_empty).then_some(directory)
    }

    fn taken(&self) -> std::sync::MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides which file of the host a guest's file becomes.
    ///
    /// # Errors
    /// Why it becomes none.
    pub(super) fn draft(
        &self,
        kind: FileKind,
        name: &[u8],
        length: u64,
        source: &Source,
    ) -> Result<Draft, String> {
        let mut taken = self.taken();
        taken.check_room(kind, length)?;
        let draft = match kind {
            FileKind::Profile => self.profile(&mut taken, source),
            FileKind::Artifact => self.artifact(&mut taken, name, source),
            // A node's is not asked for.
            FileKind::Export if source.node.is_some() => Err(unasked()),
            FileKind::Export => self.export(name),
        }?;
        taken.files[kind as usize] += 1;
        taken.bytes[kind as usize] += length;
        Ok(draft)
    }

    fn profile(&self, taken: &mut Taken, source: &Source) -> Result<Draft, String> {
        let place = self.places.profiles.as_ref().ok_or_else(unasked)?;
        make(&place.directory)?;
        let name = (0..MOST_NAMES).find_map(|_| {
            let name = format!(
                "{}vm-test-{}-{}-{}.profraw",
                place.prefix,
                source.instance,
                std::process::id(),
                taken.profiles
            );
            taken.profiles += 1;
            (!place.directory.join(&name).exists()).then_some(name)
        });
        let name = name.ok_or("no free name was found")?;
        Draft::begin(&place.directory, &[name], self.drafts())
    }

    fn artifact(&self, taken: &mut Taken, name: &[u8], source: &Source) -> Result<Draft, String> {
        let root = self.places.artifacts.as_ref().ok_or_else(unasked)?;
        let mut names: Vec<String> = source.node.iter().cloned().collect();
        names.extend(names::of_artifact(name)?);
        if !taken.artifacts.insert(names.clone()) {
            return Err(format!("another artifact has become {}", names.join("/")));
        }
        make(root)?;
        Draft::begin(root, &names, self.drafts())
    }

    fn export(&self, name: &[u8]) -> Result<Draft, String> {
        let (root, patterns) = self.places.exports.as_ref().ok_or_else(unasked)?;
        let names = names::of_export(name)?;
        let path = names.join("/");
        if !patterns.iter().any(|pattern| pattern.fits(&path)) {
            return Err("no pattern of `export` fits its name".to_owned());
        }
        let mut above = root.clone();
        for name in &names {
            if above != *root && is_cargos(&above) {
                return Err(format!("{} is what cargo makes", above.display()));
            }
            above.push(name);
        }
        Draft::begin(root, &names, self.drafts())
    }

    fn drafts(&self) -> Option<&Path> {
        self.places.drafts.as_deref()
    }
}

impl Taken {
    /// Checks that there is room for one more file, of this length.
    fn check_room(&self, kind: FileKind, length: u64) -> Result<(), String> {
        let at = kind as usize;
        if self.files[at] >= MOST_FILES {
            return Err(format!(
                "at most {MOST_FILES} {}s of a test are brought back",
                kind.noun()
            ));
        }
        let bound = kind.most_bytes();
        if length > bound.saturating_sub(self.bytes[at]) {
            return Err(format!(
                "it has {length} bytes, and at most {} MiB of {}s of a test are brought back, of which {} bytes are taken",
                bound >> 20,
                kind.noun(),
                self.bytes[at]
            ));
        }
        Ok(())
    }
}

fn unasked() -> String {
    "the test did not request it".to_owned()
}

/// Makes a directory that the host has chosen, and those above it.
fn make(directory: &Path) -> Result<(), String> {
    std::fs::create_dir_all(directory)
        .map_err(|error| format!("cannot make {}: {error}", directory.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use vm_test_protocol::harvest::MOST_BYTES;

    /// A directory for artifacts, made without another crate.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let name = format!("vm-test-destination-{}-{name}", std::process::id());
            Self(std::env::temp_dir().join(name))
        }

        fn destination(&self) -> Arc<Destination> {
            Destination::new(Places {
                artifacts: Some(self.0.clone()),
                ..Places::default()
            })
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn source(node: Option<&str>) -> Source {
        Source {
            instance: "host-1-1".to_owned(),
            node: node.map(str::to_owned),
        }
    }

    #[test]
    fn artifacts_of_a_node_have_a_directory_of_their_own_and_replace_none_of_another() {
        let place = Place::new("nodes");
        let destination = place.destination();
        assert_eq!(destination.artifacts(), None);
        let draft = |name: &[u8], node| {
            let source = source(node);
            let draft = destination.draft(FileKind::Artifact, name, 0, &source);
            draft.and_then(Draft::replace)
        };
        for (name, node) in [(&b"a"[..], None), (b"a", Some("t1")), (b"a", Some("t2"))] {
            assert_eq!(draft(name, node), Ok(()), "{node:?}");
        }
        let error = draft(b"t1/a", None).unwrap_err();
        assert_eq!(error, "another artifact has become t1/a");
        assert!(draft(b"../t2/a", Some("t1")).is_err());
        for path in ["a", "t1/a", "t2/a"] {
            assert!(place.0.join(path).is_file(), "{path}");
        }
        assert_eq!(destination.artifacts(), Some(&*place.0));
    }

    #[test]
    fn the_limits_are_those_of_all_nodes_together() {
        let place = Place::new("limits");
        let destination = place.destination();
        let kind = FileKind::Artifact;
        let draft = |name: &str, length: u64, node: &str| {
            let source = source(Some(node));
            destination.draft(kind, name.as_bytes(), length, &source)
        };
        drop(draft("large", MOST_BYTES - 5, "t1").unwrap());
        let error = draft("larger", 6, "t2").unwrap_err();
        let expected = format!(
            "it has 6 bytes, and at most 256 MiB of artifacts of a test are brought back, of which {} bytes are taken",
            MOST_BYTES - 5
        );
        assert_eq!(error, expected);
        for number in 1..MOST_FILES {
            let node = if number % 2 == 0 { "t1" } else { "t2" };
            drop(draft(&number.to_string(), 0, node).unwrap());
        }
        let error = draft("more", 0, "t2").unwrap_err();
        assert_eq!(error, "at most 1000 artifacts of a test are brought back");
    }

    #[test]
    fn what_is_asked_of_nodes_stays_there_and_is_nothing_of_the_workspace() {
        let places = Places {
            artifacts: Some(PathBuf::from("/t")),
            exports: Some((PathBuf::from("/w"), Vec::new())),
            ..Places::default()
        };
        let destination = Destination::new(places);
        assert!(destination.wanted().exports.is_some() && !destination.wanted().stay);
        let wanted = destination.wanted_of_node();
        assert!(wanted.artifacts && wanted.exports.is_none() && wanted.stay);
        let sent = destination.draft(FileKind::Export, b"a", 0, &source(Some("t1")));
        assert_eq!(sent.unwrap_err(), unasked());
    }
}
