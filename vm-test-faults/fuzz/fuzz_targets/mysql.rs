//! Any bytes as a conversation of protocol `mysql`, in any pieces. Only hands them to the harness.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vm_test_faults::protocol::harness::run;
use vm_test_faults::protocol::mysql::Mysql;

fuzz_target!(|input: &[u8]| run(&Mysql::new(), input));
