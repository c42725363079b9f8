//! A function of this program as its caller sees it: with the types of its argument and result.

use crate::address::Address;
use crate::refusal::Refusal;
use crate::trampoline::{decode, encode, trampoline, types_of};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::marker::PhantomData;

/// A function that takes an `A` and returns an `R`, and can be called in another process.
pub struct Function<A, R> {
    address: Address,
    types: PhantomData<fn(A) -> R>,
}

impl<A, R> Function<A, R>
where
    A: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned,
{
    /// Returns the function `f`.
    ///
    /// It is the name of a function or a closure that captures nothing. Anything else, such as a
    /// function pointer, does not compile.
    pub fn of<F: Fn(A) -> R + Copy + 'static>(_f: F) -> Self {
        Self {
            address: Address::new(trampoline::<F, A, R>, types_of::<F, A, R>()),
            types: PhantomData,
        }
    }

    /// Encodes an argument, in at most so many bytes.
    ///
    /// # Errors
    /// If it is longer, or its type cannot be encoded, as a sequence of unknown length.
    pub fn encode(&self, argument: &A, most: usize) -> Result<Vec<u8>, Refusal> {
        encode(argument, most).map_err(Refusal::Argument)
    }

    /// Decodes a result.
    ///
    /// # Errors
    /// If the bytes are not one.
    pub fn decode(&self, result: &[u8]) -> Result<R, Refusal> {
        decode(result).map_err(Refusal::Result)
    }
}

impl<A, R> Function<A, R> {
    /// Returns what another process of this program needs to call it.
    #[must_use]
    pub fn address(&self) -> Address {
        self.address
    }
}

impl<A, R> Clone for Function<A, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A, R> Copy for Function<A, R> {}

impl<A, R> fmt::Debug for Function<A, R> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(to)
    }
}

#[cfg(test)]
mod tests;
