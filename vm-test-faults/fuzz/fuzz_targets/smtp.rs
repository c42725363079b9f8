//! Any bytes as a conversation of protocol `smtp`, in any pieces, with TLS refused or passed
//! through. Only hands them to the harness.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vm_test_faults::protocol::Tls;
use vm_test_faults::protocol::harness::run;
use vm_test_faults::protocol::smtp::Smtp;

fuzz_target!(|input: &[u8]| {
    // The harness makes nothing of the lowest bit.
    let tls = match input.first() {
        Some(first) if first % 2 == 0 => Tls::PassedThrough,
        _ => Tls::Refused,
    };
    run(&Smtp::new().tls(tls), input);
});
