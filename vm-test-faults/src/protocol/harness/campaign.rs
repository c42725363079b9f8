//! Many runs from samples of real conversations that are cut, repeated, mixed and damaged. The
//! short form takes seconds; the full form has ten million runs.

use std::panic::AssertUnwindSafe;
use std::path::Path;

use super::run::run;
use crate::protocol::Protocol;
use crate::random::digest;

/// The variable that asks for the full form; `cargo xtask test --full` sets it.
const FULL: &str = "VM_TEST_FULL";

/// The variable that names a directory: the samples go there instead, as inputs that fuzz targets
/// begin with.
const SEEDS: &str = "VM_TEST_FUZZ_SEEDS";

/// Numbers and marks that a parser may get wrong.
const MARKS: &[&[u8]] = &[
    b"\r\n",
    b"\r",
    b"\n",
    b" ",
    b"0",
    b"-1",
    b"1",
    b"9999999999",
    b"2147483647",
    b"18446744073709551615",
    b"\x00",
    b"\xff\xff\xff\xff",
    b"\x16\x03\x01",
];

/// What a client says and what the server answers.
pub(crate) struct Sample {
    pub(crate) client: &'static [u8],
    pub(crate) server: &'static [u8],
}

/// Runs the harness on the samples, each as it is and as many others made from them.
pub(crate) fn campaign(protocol: &dyn Protocol, samples: &[Sample]) {
    let is_full = std::env::var_os(FULL).is_some_and(|value| !value.is_empty());
    let runs = if is_full { 10_000_000 } else { 10_000 };
    for sample in samples {
        run(protocol, &input(1, sample.client, sample.server));
    }
    if let Some(seeds) = std::env::var_os(SEEDS) {
        return write(samples, &Path::new(&seeds).join(protocol.name()));
    }
    let mut random = fastrand::Rng::with_seed(16);
    for _ in 0..runs {
        let client = made_of(&mut random, samples, |sample| sample.client);
        let server = made_of(&mut random, samples, |sample| sample.server);
        let input = input(random.u64(..), &client, &server);
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| run(protocol, &input)));
        if let Err(panic) = outcome {
            eprintln!("the input was b\"{}\"", input.escape_ascii());
            std::panic::resume_unwind(panic);
        }
    }
}

/// Writes each sample to a file whose name is the same for the same sample.
fn write(samples: &[Sample], folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for sample in samples {
        let input = input(1, sample.client, sample.server);
        let name = format!("sample-{:016x}", digest(&[&input]));
        std::fs::write(folder.join(name), input).unwrap();
    }
}

fn input(seed: u64, client: &[u8], server: &[u8]) -> Vec<u8> {
    let cut = u16::try_from(client.len()).unwrap();
    let seed = seed.to_le_bytes();
    [seed.as_slice(), &cut.to_le_bytes(), client, server].concat()
}

/// Puts a few samples together and damages some places.
fn made_of(
    random: &mut fastrand::Rng,
    samples: &[Sample],
    side: fn(&Sample) -> &'static [u8],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..random.usize(1..4) {
        bytes.extend_from_slice(side(&samples[random.usize(..samples.len())]));
    }
    for _ in 0..random.usize(..6) {
        let at = random.usize(..=bytes.len());
        let end = random.usize(at..=bytes.len().min(at + 16));
        match random.u8(..6) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            2 => bytes.insert(at, random.u8(..)),
            3 => bytes.truncate(at.max(1)),
            4 => {
                let mark = MARKS[random.usize(..MARKS.len())];
                bytes.splice(at..end, mark.iter().copied());
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.u8(..8);
                }
            }
        }
    }
    bytes.truncate(usize::from(u16::MAX));
    bytes
}
