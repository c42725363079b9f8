//! Calls by address: of the right function, and of what is refused.

use super::*;
use crate::function::Function;

const MOST: usize = 64;

fn count(text: String) -> usize {
    text.len()
}

fn address() -> Address {
    Function::of(count).address()
}

#[test]
fn an_address_outside_of_the_program_is_refused() {
    let code = program::code_around(origin()).unwrap();
    let before = (code.start - 1).wrapping_sub(origin()) as u64;
    let after = code.end.wrapping_sub(origin()) as u64;
    let heap = Box::into_raw(Box::new(0_u8)) as usize;
    let elsewhere = heap.wrapping_sub(origin()) as u64;
    let null = 0_usize.wrapping_sub(origin()) as u64;
    for distance in [before, after, elsewhere, null, u64::MAX / 2, 1 << 63] {
        let address = Address {
            distance,
            ..address()
        };
        assert_eq!(
            address.call(&[0], MOST),
            Err(Refusal::NoFunction),
            "{distance:#x}"
        );
    }
}

#[test]
fn a_function_with_other_types_is_not_called() {
    let other = Function::of(|_: u8| -> u8 { panic!("called") }).address();
    let address = Address {
        types: address().types,
        ..other
    };
    assert_eq!(address.call(&[1], MOST), Err(Refusal::OtherTypes));
}

#[test]
fn an_argument_that_is_cut_or_too_long_is_refused() {
    let argument = postcard::to_allocvec("abc").unwrap();
    assert_eq!(address().call(&argument, MOST), Ok(vec![3]));
    for length in 0..argument.len() {
        let refusal = address().call(&argument[..length], MOST);
        assert!(matches!(refusal, Err(Refusal::Argument(_))), "{refusal:?}");
    }
    let refusal = address().call(&[argument, vec![0; 2]].concat(), MOST);
    assert_eq!(
        refusal,
        Err(Refusal::Argument("2 bytes too many".to_owned()))
    );
    // A length of many gigabytes takes no memory.
    let refusal = address().call(&[0xff, 0xff, 0xff, 0xff, 0x7f], MOST);
    assert!(matches!(refusal, Err(Refusal::Argument(_))), "{refusal:?}");
}

#[test]
fn an_address_can_be_sent() {
    let bytes = postcard::to_allocvec(&address()).unwrap();
    assert_eq!(postcard::from_bytes::<Address>(&bytes), Ok(address()));
}
