//! The functions that are in fact called: one for each type of function, all with the same
//! signature. Each decodes the argument, runs the function, encodes the result.

use crate::refusal::Refusal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::type_name;

/// Takes the expected types and the encoded argument; returns the encoded result.
pub(crate) type Trampoline = fn(types: u64, argument: &[u8]) -> Result<Vec<u8>, Refusal>;

/// Runs a function of type `F`, which has no size: its type says all about it.
pub(crate) fn trampoline<F, A, R>(types: u64, argument: &[u8]) -> Result<Vec<u8>, Refusal>
where
    F: Fn(A) -> R + Copy + 'static,
    A: DeserializeOwned,
    R: Serialize,
{
    if types != types_of::<F, A, R>() {
        return Err(Refusal::OtherTypes);
    }
    let argument = decode(argument).map_err(Refusal::Argument)?;
    let result = function::<F>()(argument);
    postcard::to_allocvec(&result).map_err(|error| Refusal::Result(error.to_string()))
}

/// Returns a value of a type that has no size.
#[expect(
    unsafe_code,
    reason = "the value of a function is not sent, only its type"
)]
fn function<F: Copy + 'static>() -> F {
    const {
        assert!(
            size_of::<F>() == 0,
            "a function that runs elsewhere cannot capture variables: pass them as its argument"
        );
    }
    // SAFETY: a value without a size can be read at any aligned address. The type has a value,
    // because `Function::of` was given one, and that one could have been copied.
    unsafe { std::ptr::NonNull::<F>::dangling().read() }
}

/// Returns a number that differs between types with different names.
///
/// It catches a call of the wrong function, not a forged one.
pub(crate) fn types_of<F, A, R>() -> u64 {
    // FNV-1a, which is the same in every process, unlike the standard library's hashes.
    type_name::<(F, A, R)>()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
}

/// Decodes a value that takes up all of the bytes.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(format!("{} bytes too many", rest.len())),
        Err(error) => Err(error.to_string()),
    }
}
