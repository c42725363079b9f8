//! Any bytes as a conversation of protocol `smtp`, in any pieces. Only hands them to the harness.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vm_test_faults::protocol::harness::run;
use vm_test_faults::protocol::smtp::Smtp;

fuzz_target!(|input: &[u8]| run(&Smtp::new(), input));
