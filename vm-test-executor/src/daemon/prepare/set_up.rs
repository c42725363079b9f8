//! The set-up of a lease: which image has what it does, whether it is there, and the session that
//! makes it. Decides; has no client, and runs nothing.

use super::super::instance::cannot;
use super::order::Order;
use super::tools::Tools;
use crate::config::{Guest, HOST_IMAGE};
use crate::image::{self, Held, ImageRecord, Reservation, Session, Store, images, set_ups};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::set_up::{Binary, SetUp};

/// How many results are kept in a store: those that were used last.
const KEPT: usize = 16;

/// The set-up of a guest, and the image that it makes.
#[derive(Debug)]
pub(crate) struct Planned {
    /// The function, for people.
    pub(crate) function: String,
    /// The name of the image that it makes, which tells it from other set-ups.
    pub(crate) name: String,
    store: Store,
    below: ImageRecord,
    mounted: Vec<PathBuf>,
    /// Keeps the image below it.
    _held: Held,
}

/// Returns the set-up of an order.
///
/// # Errors
/// If its guest can have none, or its image is not there, or its program is another one by now.
pub(crate) fn set_up(tools: &Tools, order: &Order<'_>, set_up: &SetUp) -> Result<Planned, Failure> {
    let guest = &order.guest;
    check(guest)?;
    let store = order.source.store()?;
    tools.stores.clear(store);
    let (below, held) = images::hold(store, &guest.image_to_start_from())?;
    let binary = Path::new(&set_up.binary.path);
    let unread = |error: &dyn std::fmt::Display| {
        let cause = format!("cannot read {} for its set-up: {error}", binary.display());
        cannot(guest, &cause)
    };
    let digest = tools
        .programs
        .digest(binary)
        .map_err(|error| unread(&error))?;
    if !is_same(&set_up.binary).map_err(|error| unread(&error))? {
        let cause = format!("{} was built again since it began to run", binary.display());
        return Err(cannot(guest, &cause).hint("run the tests again"));
    }
    let variables = variables(guest, set_up);
    let words = guest.words_for_set_up();
    let parts = [
        digest.as_str().as_bytes(),
        &set_up.call,
        words.as_bytes(),
        variables.as_bytes(),
    ];
    Ok(Planned {
        function: set_up.name.clone(),
        name: set_ups::name_of(&below, &parts),
        store: store.clone(),
        below,
        mounted: order.request.shares.iter().map(PathBuf::from).collect(),
        _held: held,
    })
}

impl Planned {
    /// Returns the locks that keep what the set-up has done, if it is there.
    pub(crate) fn find(&self) -> Result<Option<Held>, Failure> {
        Ok(set_ups::hold(&self.store, &self.name)?.map(|(_, held)| held))
    }

    /// Returns the right to run it, unless another process has it.
    pub(crate) fn try_reserve(&self) -> Result<Option<Reservation>, Failure> {
        self.store.try_reserve(&self.name)
    }

    /// Begins a session for it.
    pub(crate) fn begin(&self, reservation: Reservation) -> Result<Session<'_>, Failure> {
        Session::of_set_up(&self.store, &self.below.name, &self.name, reservation)
    }

    /// Keeps what a session has written, and removes what has not been used for long.
    pub(crate) fn commit(&self, session: &Session<'_>) -> Result<(), Failure> {
        session.commit(&self.mounted)?;
        // The next one can do it.
        if let Err(failure) = image::trim_set_ups(&self.store, KEPT) {
            eprintln!("vm-test: {failure}");
        }
        Ok(())
    }
}

/// Refuses guests that start from no image, or write as the host's root.
fn check(guest: &Guest) -> Result<(), Failure> {
    if guest.image == HOST_IMAGE {
        let cause = "a set-up needs an image, and this guest is over the host's root";
        return Err(cannot(guest, cause)
            .hint("use an image, as in image = \"debian-12\", or leave setup out"));
    }
    if guest.privileged {
        let cause = "setup and privileged = true do not go together: what the set-up writes to an image would be written by the host's root";
        return Err(cannot(guest, cause).hint("leave one of the two out"));
    }
    Ok(())
}

/// Returns the variables that the guest gets, with what tells their values apart.
fn variables(guest: &Guest, set_up: &SetUp) -> String {
    let own = set_up.variables.iter();
    let own = own.filter(|(name, _)| guest.env.contains(name));
    let words: Vec<_> = own.map(|(name, hash)| format!("{name}={hash:x}")).collect();
    words.join("\n")
}

/// Returns whether the file is still the one that the client runs.
fn is_same(binary: &Binary) -> std::io::Result<bool> {
    let meta = fs::metadata(&binary.path)?;
    let modified = meta.modified()?.duration_since(SystemTime::UNIX_EPOCH);
    let modified = modified.unwrap_or(Duration::ZERO);
    Ok(meta.size() == binary.length_bytes && modified == binary.modified)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_without_a_set_up_are_refused_with_what_to_do() {
        let mut guest = Guest::new("a").unwrap();
        assert_eq!(
            check(&guest).unwrap_err().to_string(),
            "cannot start guest `a`: a set-up needs an image, and this guest is over the host's root\n\
             hint: use an image, as in image = \"debian-12\", or leave setup out"
        );
        guest.image = "debian-12".to_owned();
        assert_eq!(check(&guest), Ok(()));
        guest.privileged = true;
        assert_eq!(
            check(&guest).unwrap_err().to_string(),
            "cannot start guest `a`: setup and privileged = true do not go together: what the set-up \
             writes to an image would be written by the host's root\nhint: leave one of the two out"
        );
    }

    #[test]
    fn only_the_variables_that_a_guest_gets_count() {
        let mut guest = Guest::new("a").unwrap();
        let set_up = SetUp {
            name: String::new(),
            call: Vec::new(),
            binary: Binary {
                path: String::new(),
                length_bytes: 0,
                modified: Duration::ZERO,
            },
            variables: vec![("A".to_owned(), 10), ("B".to_owned(), 11)],
        };
        assert_eq!(variables(&guest, &set_up), "");
        guest.env = vec!["B".to_owned(), "C".to_owned()];
        assert_eq!(variables(&guest, &set_up), "B=b");
    }
}
