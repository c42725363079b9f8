//! What commands do to a connection: transactions that are open or broken, and replies that the
//! client does not want. It follows the client's side only.

use super::inline::Words;
use crate::protocol::Answers;

/// The state of a connection behind its last command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) transaction: Transaction,
    replies: Wanted,
}

/// A transaction between `MULTI` and `EXEC`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Transaction {
    #[default]
    None,
    Open,
    /// The client got an error inside of it that the server does not know of.
    Broken,
}

/// Which replies the client wants, see `CLIENT REPLY`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wanted {
    #[default]
    All,
    NoneForNext,
    None,
}

/// What a command asks of `CLIENT REPLY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    On,
    Off,
    Skip,
}

impl Session {
    /// Follows a command. Returns how many replies it gets, and whether it changes which replies
    /// the client wants.
    pub(super) fn follow(&mut self, name: &str, words: &Words<'_>) -> (Answers, bool) {
        let wish = wish(name, words).filter(|_| self.transaction == Transaction::None);
        let answers = match (wish, self.replies) {
            (Some(Wish::On), _) | (None, Wanted::All) => Answers::One,
            _ if name == "RESET" => Answers::One,
            _ => Answers::None,
        };
        self.replies = match (wish, self.replies) {
            (Some(Wish::On), _) => Wanted::All,
            (Some(Wish::Off), _) | (_, Wanted::None) => Wanted::None,
            (Some(Wish::Skip), _) => Wanted::NoneForNext,
            (None, Wanted::All | Wanted::NoneForNext) => Wanted::All,
        };
        match name {
            "MULTI" if self.transaction == Transaction::None => {
                self.transaction = Transaction::Open;
            }
            "EXEC" | "DISCARD" => self.transaction = Transaction::None,
            "RESET" => *self = Self::default(),
            _ => {}
        }
        (answers, wish.is_some())
    }
}

fn wish(name: &str, words: &Words<'_>) -> Option<Wish> {
    let [_, reply, mode] = words.kept() else {
        return None;
    };
    if name != "CLIENT" || words.count != 3 || !reply.eq_ignore_ascii_case(b"reply") {
        return None;
    }
    match mode.to_ascii_lowercase().as_slice() {
        b"on" => Some(Wish::On),
        b"off" => Some(Wish::Off),
        b"skip" => Some(Wish::Skip),
        _ => None,
    }
}
