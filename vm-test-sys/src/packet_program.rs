//! Programs of the kernel's classic packet filter: they read a frame and answer with a number, which
//! says how many bytes of it somebody gets, or whether it is meant. Knows no protocol.

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd};

/// A program. It is built step by step, and each step is about the value that was loaded last.
///
/// A frame that ends before what a step loads gets 0 as its answer.
#[derive(Clone, Debug, Default)]
pub struct Program {
    steps: Vec<libc::sock_filter>,
}

/// A hardware address.
pub type Address = [u8; 6];

/// Where the kernel offers what it knows of a frame besides its bytes, and what of it is whether it
/// took a tag out.
const BESIDE: u32 = libc::SKF_AD_OFF.cast_unsigned();
const HAS_TAG: u32 = libc::SKF_AD_VLAN_TAG_PRESENT.cast_unsigned();

/// How many steps look for one hardware address.
const PER_ADDRESS: usize = 5;

impl Program {
    /// Returns a program without steps.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends with an answer.
    #[must_use]
    pub fn answer(self, answer: u32) -> Self {
        self.step(libc::BPF_RET | libc::BPF_K, answer)
    }

    /// Loads the four bytes at a place.
    #[must_use]
    pub fn word(self, at: u32) -> Self {
        self.step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, at)
    }

    /// Loads the two bytes at a place.
    #[must_use]
    pub fn half(self, at: u32) -> Self {
        self.step(libc::BPF_LD | libc::BPF_H | libc::BPF_ABS, at)
    }

    /// Loads the byte at a place.
    #[must_use]
    pub fn byte(self, at: u32) -> Self {
        self.step(libc::BPF_LD | libc::BPF_B | libc::BPF_ABS, at)
    }

    /// Loads the length of the frame.
    #[must_use]
    pub fn length(self) -> Self {
        self.step(libc::BPF_LD | libc::BPF_W | libc::BPF_LEN, 0)
    }

    /// Loads whether the kernel took the tag of a VLAN out of the frame: 1 or 0.
    #[must_use]
    pub fn has_tag(self) -> Self {
        self.word(BESIDE.wrapping_add(HAS_TAG))
    }

    /// Keeps only these bits of what was loaded.
    #[must_use]
    pub fn masked(self, bits: u32) -> Self {
        self.step(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, bits)
    }

    /// Goes on if this was loaded, and otherwise ends with an answer.
    #[must_use]
    pub fn require(self, value: u32, otherwise: u32) -> Self {
        self.jump(libc::BPF_JEQ, value, 1, 0).answer(otherwise)
    }

    /// Ends with an answer if this was loaded, and otherwise goes on.
    #[must_use]
    pub fn exclude(self, value: u32, then: u32) -> Self {
        self.jump(libc::BPF_JEQ, value, 0, 1).answer(then)
    }

    /// Ends with an answer if these words, up to 64 of them, are at a place, and otherwise goes on.
    #[must_use]
    pub fn exclude_words(mut self, at: u32, words: &[u32], then: u32) -> Self {
        for (number, (at, word)) in (at..).step_by(4).zip(words).enumerate() {
            // Over what compares the others, two steps each, and over the answer.
            let rest = 2 * (words.len() - number - 1) + 1;
            let rest = u8::try_from(rest).unwrap_or(u8::MAX);
            self = self.word(at).jump(libc::BPF_JEQ, *word, 0, rest);
        }
        self.answer(then)
    }

    /// Goes on if at least this was loaded, and otherwise ends with an answer.
    #[must_use]
    pub fn require_at_least(self, value: u32, otherwise: u32) -> Self {
        self.jump(libc::BPF_JGE, value, 1, 0).answer(otherwise)
    }

    /// Goes on if one of these addresses is at a place, and otherwise ends with an answer.
    #[must_use]
    pub fn require_address(mut self, at: u32, addresses: &[Address], otherwise: u32) -> Self {
        for (number, address) in addresses.iter().enumerate() {
            let [a, b, c, d, e, f] = *address;
            let (first, last) = ([a, b, c, d], u16::from_be_bytes([e, f]));
            // Over what looks for the others, and over the answer.
            let rest = PER_ADDRESS * (addresses.len() - number - 1) + 1;
            self = self
                .word(at)
                .jump(libc::BPF_JEQ, u32::from_be_bytes(first), 0, 3)
                .half(at + 4)
                .jump(libc::BPF_JEQ, last.into(), 0, 1)
                .skip(rest);
        }
        self.answer(otherwise)
    }

    /// Ends as one of two programs does, depending on whether this was loaded.
    #[must_use]
    pub fn either(self, value: u32, then: Self, otherwise: Self) -> Self {
        let mut it = self.jump(libc::BPF_JEQ, value, 1, 0).skip(then.steps.len());
        it.steps.extend(then.steps);
        it.steps.extend(otherwise.steps);
        it
    }

    /// Goes on as another program does, wherever it would end with this answer.
    #[must_use]
    pub fn otherwise(mut self, answer: u32, next: &Self) -> Self {
        let end = self.steps.len();
        for (at, step) in self.steps.iter_mut().enumerate() {
            if u32::from(step.code) == libc::BPF_RET | libc::BPF_K && step.k == answer {
                let [skip] = Self::new().skip(end - at - 1).steps[..] else {
                    continue;
                };
                *step = skip;
            }
        }
        self.steps.extend_from_slice(&next.steps);
        self
    }

    /// Returns the program as the kernel takes it: eight bytes for each step.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let bytes = |step: &libc::sock_filter| {
            let mut bytes = [0; 8];
            bytes[..2].copy_from_slice(&step.code.to_ne_bytes());
            bytes[2..4].copy_from_slice(&[step.jt, step.jf]);
            bytes[4..].copy_from_slice(&step.k.to_ne_bytes());
            bytes
        };
        self.steps.iter().flat_map(bytes).collect()
    }

    /// Has a socket receive as many bytes of each frame or datagram as the program answers.
    ///
    /// # Errors
    /// If the program is empty, too long, or does not end everywhere with an answer.
    pub fn attach(&self, socket: &impl AsFd) -> io::Result<()> {
        let mut steps = self.steps.clone();
        let program = libc::sock_fprog {
            len: u16::try_from(steps.len()).map_err(|_| ErrorKind::InvalidInput)?,
            filter: steps.as_mut_ptr(),
        };
        let length = size_of_val(&program) as libc::socklen_t;
        let (socket, level) = (socket.as_fd().as_raw_fd(), libc::SOL_SOCKET);
        let from = (&raw const program).cast();
        // SAFETY: the program and its steps outlive the call, and the kernel copies them.
        match unsafe { libc::setsockopt(socket, level, libc::SO_ATTACH_FILTER, from, length) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    fn skip(self, steps: usize) -> Self {
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        self.step(libc::BPF_JMP | libc::BPF_JA, steps)
    }

    fn step(self, code: libc::c_uint, k: u32) -> Self {
        self.with(code, 0, 0, k)
    }

    fn jump(self, test: libc::c_uint, k: u32, then: u8, otherwise: u8) -> Self {
        let code = libc::BPF_JMP | test | libc::BPF_K;
        self.with(code, then, otherwise, k)
    }

    fn with(mut self, code: libc::c_uint, jt: u8, jf: u8, k: u32) -> Self {
        let code = u16::try_from(code).unwrap_or_default();
        self.steps.push(libc::sock_filter { code, jt, jf, k });
        self
    }
}
