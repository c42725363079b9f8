//! Where a function is in the program's file, and the call of what is there.

use crate::program;
use crate::refusal::Refusal;
use crate::trampoline::Trampoline;
use serde::{Deserialize, Serialize};

/// The place of a function in this program. It means the same in every process of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    /// Its distance from [`origin`], which does not depend on where the program was loaded.
    distance: u64,
    /// See [`types_of`](crate::trampoline::types_of).
    types: u64,
}

/// The function from which distances are counted.
#[inline(never)]
fn origin() -> usize {
    origin as fn() -> usize as usize
}

impl Address {
    pub(crate) fn new(function: Trampoline, types: u64) -> Self {
        Self {
            distance: (function as usize).wrapping_sub(origin()) as u64,
            types,
        }
    }

    /// Calls the function, and returns its encoded result, which has at most so many bytes.
    ///
    /// Panics of the function pass through. The bytes must come from a process that may run any code
    /// here, and that runs the same file: an address from anywhere else is checked only as far as
    /// this crate can tell.
    ///
    /// # Errors
    /// If there is no such function in this program, it takes or returns other types, its argument
    /// cannot be decoded, or its result cannot be encoded or is longer. It has been called only if
    /// its result is refused.
    pub fn call(self, argument: &[u8], most: usize) -> Result<Vec<u8>, Refusal> {
        let origin = origin();
        let code = program::code_around(origin)?;
        let target = usize::try_from(self.distance).map_err(|_| Refusal::NoFunction)?;
        let target = origin.wrapping_add(target);
        if !code.contains(&target) {
            return Err(Refusal::NoFunction);
        }
        function_at(target)(self.types, argument, most)
    }
}

/// Returns the function at an address in the program's code.
#[expect(
    unsafe_code,
    reason = "the address of a function is a number on its way"
)]
fn function_at(target: usize) -> Trampoline {
    let target = std::ptr::with_exposed_provenance::<()>(target);
    // SAFETY: the address is in the program's code. A process of the same file made it of a
    // function with this signature, as the caller of `Address::call` has made sure.
    unsafe { std::mem::transmute::<*const (), Trampoline>(target) }
}

#[cfg(test)]
mod tests;
