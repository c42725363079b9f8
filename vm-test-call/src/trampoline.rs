//! The functions that are in fact called: one for each type of function, all with the same
//! signature. Each decodes the argument, runs the function, encodes the result.

use crate::refusal::Refusal;
use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::type_name;

/// Takes the expected types, the encoded argument, and the most bytes of the result; returns the
/// encoded result.
pub(crate) type Trampoline =
    fn(types: u64, argument: &[u8], most: usize) -> Result<Vec<u8>, Refusal>;

/// Runs a function of type `F`, which has no size: its type says all about it.
pub(crate) fn trampoline<F, A, R>(
    types: u64,
    argument: &[u8],
    most: usize,
) -> Result<Vec<u8>, Refusal>
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
    encode(&result, most).map_err(Refusal::Result)
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

/// Bytes of a value, of which there may be this many at most.
struct Capped {
    bytes: Vec<u8>,
    most: usize,
}

impl Flavor for Capped {
    type Output = Vec<u8>;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        if bytes.len() > self.most - self.bytes.len() {
            return Err(postcard::Error::SerializeBufferFull);
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<Vec<u8>> {
        Ok(self.bytes)
    }
}

/// Encodes a value. One that is too long is not encoded to its end.
pub(crate) fn encode<T: Serialize>(value: &T, most: usize) -> Result<Vec<u8>, String> {
    let bytes = Vec::new();
    match postcard::serialize_with_flavor(value, Capped { bytes, most }) {
        Ok(bytes) => Ok(bytes),
        Err(postcard::Error::SerializeBufferFull) => Err(format!(
            "it is longer than {most} bytes, the most that is sent"
        )),
        Err(error) => Err(error.to_string()),
    }
}

/// Decodes a value that takes up all of the bytes.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(format!("{} bytes too many", rest.len())),
        Err(error) => Err(error.to_string()),
    }
}
