//! Calls a function of this program in another process of the same program, with one argument and a
//! result that are sent as bytes. Sends nothing itself, and knows neither guests nor nodes.
//!
//! A function has no name that another process could look up, so it travels as its distance from a
//! function of this crate. Both processes must therefore run the same file: what carries the
//! bytes compares the contents of the two files first. A [`Function`] is made by the caller, its
//! [`Address`] and its encoded argument are sent, [`Address::call`] runs it in the other process.
//!
//! ```
//! use vm_test_call::Function;
//!
//! fn double(number: u32) -> u32 {
//!     2 * number
//! }
//!
//! // In the calling process:
//! let function = Function::of(double);
//! let argument = function.encode(&21, 1024)?;
//! // In the other one, where only `address` and `argument` are known:
//! let address = function.address();
//! let result = address.call(&argument, 1024)?;
//! // In the calling process again:
//! assert_eq!(function.decode(&result)?, 42);
//! # Ok::<(), vm_test_call::Refusal>(())
//! ```
//!
//! What captures variables has no place to keep them in the other process, so it does not compile:
//!
//! ```compile_fail
//! let factor = 2;
//! let function = vm_test_call::Function::of(move |number: u32| factor * number);
//! ```

mod address;
mod function;
mod program;
mod refusal;
mod trampoline;

pub use address::Address;
pub use function::Function;
pub use refusal::Refusal;
