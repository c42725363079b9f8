//! The toxics of one proxy, which may change while connections are open. It does not know the
//! connections; they watch it.

use std::sync::Arc;

use thiserror::Error;
use tokio::sync::watch;

use super::definition::{Direction, Toxic};

/// Why a toxic could not be added, changed or removed. The words are Toxiproxy's.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ToxicError {
    /// There is one of this name already, in one of the directions.
    #[error("toxic already exists")]
    AlreadyExists,
    /// There is none of this name.
    #[error("toxic not found")]
    NotFound,
}

/// A toxic and its number; a toxic that is removed and added again has another one.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(super) id: u64,
    pub(super) toxic: Arc<Toxic>,
}

/// The toxics of a proxy, in the order in which they were added.
///
/// A change acts on open connections at once: bytes that are sent after the call returned meet it.
/// Copies are of the same list.
#[derive(Clone, Debug)]
pub struct Toxics {
    list: Arc<watch::Sender<Vec<Listed>>>,
}

impl Toxics {
    /// Returns an empty list.
    pub fn new() -> Self {
        Self {
            list: Arc::new(watch::Sender::new(Vec::new())),
        }
    }

    /// Adds a toxic behind the others of its direction.
    ///
    /// # Errors
    ///
    /// Returns an error if there is one of this name in either direction.
    pub fn add(&self, toxic: Toxic) -> Result<Arc<Toxic>, ToxicError> {
        let toxic = Arc::new(toxic);
        self.change(|list| {
            if list.iter().any(|listed| listed.toxic.name == toxic.name) {
                return Err(ToxicError::AlreadyExists);
            }
            list.push(Listed {
                id: fresh(),
                toxic: Arc::clone(&toxic),
            });
            Ok(Arc::clone(&toxic))
        })
    }

    /// Changes the attributes and the toxicity of a toxic; its name, type and direction stay.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none of this name, or the one that `change` returns; then
    /// nothing changes.
    pub fn update<E: From<ToxicError>>(
        &self,
        name: &str,
        change: impl FnOnce(&mut Toxic) -> Result<(), E>,
    ) -> Result<Arc<Toxic>, E> {
        self.change(|list| {
            let found = list.iter_mut().find(|listed| listed.toxic.name == name);
            let found = found.ok_or(ToxicError::NotFound)?;
            let mut toxic = Toxic::clone(&found.toxic);
            change(&mut toxic)?;
            toxic.name.clone_from(&found.toxic.name);
            toxic.direction = found.toxic.direction;
            found.toxic = Arc::new(toxic);
            Ok(Arc::clone(&found.toxic))
        })
    }

    /// Removes a toxic; bytes that it holds back go on at once.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none of this name.
    pub fn remove(&self, name: &str) -> Result<(), ToxicError> {
        self.change(|list| {
            let position = list.iter().position(|listed| listed.toxic.name == name);
            list.remove(position.ok_or(ToxicError::NotFound)?);
            Ok(())
        })
    }

    /// Removes all toxics.
    pub fn reset(&self) {
        self.list.send_if_modified(|list| {
            let had_some = !list.is_empty();
            list.clear();
            had_some
        });
    }

    /// Returns the toxic of this name.
    pub fn get(&self, name: &str) -> Option<Arc<Toxic>> {
        let list = self.list.borrow();
        let found = list.iter().find(|listed| listed.toxic.name == name)?;
        Some(Arc::clone(&found.toxic))
    }

    /// Returns all toxics: those for upstream first, then those for downstream.
    pub fn all(&self) -> Vec<Arc<Toxic>> {
        let list = self.list.borrow();
        let of = |direction: Direction| {
            let toxics = list.iter().map(|listed| &listed.toxic);
            toxics.filter(move |toxic| toxic.direction == direction)
        };
        let both = of(Direction::Upstream).chain(of(Direction::Downstream));
        both.cloned().collect()
    }

    /// Returns the list as it is, and as it changes.
    pub(crate) fn watch(&self) -> watch::Receiver<Vec<Listed>> {
        self.list.subscribe()
    }

    fn change<T, E>(&self, change: impl FnOnce(&mut Vec<Listed>) -> Result<T, E>) -> Result<T, E> {
        let mut result = None;
        self.list.send_if_modified(|list| {
            let outcome = change(list);
            let changed = outcome.is_ok();
            result = Some(outcome);
            changed
        });
        match result {
            Some(result) => result,
            None => unreachable!("the closure is always called"),
        }
    }
}

impl Default for Toxics {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns a number that no other toxic has.
fn fresh() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
