//! A call as bytes, from the process that makes it to the one that runs it.

use std::io;
use vm_test_call::Address;
use vm_test_protocol::frame;

/// Encodes the address of a function and its encoded argument.
///
/// # Errors
/// If the argument is too long for a message.
pub(crate) fn encode(address: Address, argument: &[u8]) -> io::Result<Vec<u8>> {
    frame::encode(&(address, argument))
}

/// Decodes both.
///
/// # Errors
/// If the bytes are not a call.
pub(crate) fn decode(bytes: &[u8]) -> io::Result<(Address, Vec<u8>)> {
    frame::read(bytes)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use vm_test_call::Function;

    fn double(number: u32) -> u32 {
        2 * number
    }

    #[test]
    fn a_call_is_the_same_after_its_way() {
        let function = Function::of(double);
        let argument = function.encode(&21, 1024).unwrap();
        let bytes = encode(function.address(), &argument).unwrap();
        assert_eq!(decode(&bytes).unwrap(), (function.address(), argument));
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length]).is_err(), "{length}");
        }
    }
}
