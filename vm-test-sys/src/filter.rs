//! A filter of system calls (seccomp) for what the kernel finds by the user and by no namespace. It
//! stays with all that is started from here. Knows numbers and architectures, not what a guest is.

use std::io;

/// The system calls for keyrings, by the kernel's number of the architecture that a program was
/// built for: a host may run programs of several.
#[cfg(target_arch = "x86_64")]
const KEY_CALLS: [(u32, [u32; 3]); 2] = [
    (0xc000_003e, [248, 249, 250]),
    (0x4000_0003, [286, 287, 288]),
];
#[cfg(target_arch = "aarch64")]
const KEY_CALLS: [(u32, [u32; 3]); 2] = [
    (0xc000_00b7, [217, 218, 219]),
    (0x4000_0028, [309, 310, 311]),
];

/// The system calls that make sockets, in the same order.
///
/// The call of 32-bit x86 that combines all socket operations has its arguments in memory, where a
/// filter cannot see them.
#[cfg(target_arch = "x86_64")]
const SOCKET_CALLS: [u32; 2] = [41, 359];
#[cfg(target_arch = "aarch64")]
const SOCKET_CALLS: [u32; 2] = [198, 281];

/// Marks calls of programs with 64-bit registers and 32-bit addresses (x32), which otherwise have
/// the same numbers.
const X32: u32 = 0x4000_0000;

/// Where a filter finds the number of the call, the architecture, and the lower half of the first
/// argument.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;

const LOAD: u16 = 0x20;
const AND: u16 = 0x54;
const JUMP_IF_EQUAL: u16 = 0x15;
const RETURN: u16 = 0x06;

/// Refuses the kernel's keyrings, and sockets between virtual machines, to this process and all
/// that it starts.
///
/// Calls for keyrings fail as on a kernel without them, which programs are prepared for.
///
/// # Errors
/// If the kernel has no filters, or this process may not install one.
pub fn refuse_what_is_the_users() -> io::Result<()> {
    join_session();
    let mut program = program();
    let fprog = libc::sock_fprog {
        len: u16::try_from(program.len()).unwrap_or_default(),
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the program and the structure that points to it outlive the call, and the kernel
    // copies them.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            // The filter keeps no secrets, so speculation need not be restricted for it.
            libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW,
            std::ptr::from_ref(&fprog),
        )
    };
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Replaces the inherited session keyring by a new, empty one: the kernel itself looks for keys
/// there.
///
/// It may fail: without keyrings there is nothing to leave, and without space for another one
/// nothing can be done.
fn join_session() {
    const JOIN_SESSION_KEYRING: libc::c_long = 1;
    let unnamed = std::ptr::null::<libc::c_char>();
    // SAFETY: no memory is passed.
    unsafe { libc::syscall(libc::SYS_keyctl, JOIN_SESSION_KEYRING, unnamed) };
}

/// Returns the filter's instructions.
fn program() -> Vec<libc::sock_filter> {
    let mut program = Vec::new();
    for ((architecture, keys), socket) in KEY_CALLS.into_iter().zip(SOCKET_CALLS) {
        let mut part = vec![
            plain(LOAD, NUMBER),
            plain(AND, !X32),
            // Checks the family if it is this call; otherwise goes on with the calls for keys.
            unless(socket, 3),
            plain(LOAD, FIRST_ARGUMENT),
            unless(libc::AF_VSOCK.cast_unsigned(), 7),
            refusal(libc::EAFNOSUPPORT),
        ];
        for call in keys {
            part.extend([unless(call, 1), refusal(libc::ENOSYS)]);
        }
        part.push(plain(RETURN, libc::SECCOMP_RET_ALLOW));
        program.push(plain(LOAD, ARCHITECTURE));
        program.push(unless(
            architecture,
            u8::try_from(part.len()).unwrap_or(u8::MAX),
        ));
        program.extend(part);
    }
    // An architecture that no kernel for this one supports.
    program.push(refusal(libc::ENOSYS));
    program
}

fn plain(code: u16, k: u32) -> libc::sock_filter {
    libc::sock_filter {
        code,
        jt: 0,
        jf: 0,
        k,
    }
}

/// Continues if the loaded value is `value`, and otherwise skips `further` instructions.
fn unless(value: u32, further: u8) -> libc::sock_filter {
    libc::sock_filter {
        code: JUMP_IF_EQUAL,
        jt: 0,
        jf: further,
        k: value,
    }
}

fn refusal(error: i32) -> libc::sock_filter {
    plain(
        RETURN,
        libc::SECCOMP_RET_ERRNO | (error.cast_unsigned() & libc::SECCOMP_RET_DATA),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what the kernel would do with a call.
    fn verdict(architecture: u32, number: u32, first: u32) -> u32 {
        let (program, mut at, mut loaded) = (program(), 0, 0);
        loop {
            let step = program[at];
            at += 1;
            match step.code {
                LOAD => {
                    loaded = match step.k {
                        NUMBER => number,
                        ARCHITECTURE => architecture,
                        _ => first,
                    };
                }
                AND => loaded &= step.k,
                JUMP_IF_EQUAL if loaded != step.k => at += usize::from(step.jf),
                JUMP_IF_EQUAL => {}
                _ => return step.k,
            }
        }
    }

    #[test]
    fn keys_and_sockets_between_virtual_machines_are_refused_by_every_entry() {
        let refused = |error: i32| libc::SECCOMP_RET_ERRNO | error.cast_unsigned();
        for ((architecture, keys), socket) in KEY_CALLS.into_iter().zip(SOCKET_CALLS) {
            for mark in [0, X32] {
                for call in keys {
                    let said = verdict(architecture, call | mark, 0);
                    assert_eq!(said, refused(libc::ENOSYS));
                }
                let said = verdict(architecture, socket | mark, 40);
                assert_eq!(said, refused(libc::EAFNOSUPPORT));
                let allowed = [
                    (socket, 2),
                    (keys[0] - 1, 40),
                    (keys[2] + 1, 0),
                    (0, 0),
                    (500, 0),
                ];
                for (number, first) in allowed {
                    let said = verdict(architecture, number | mark, first);
                    assert_eq!(said, libc::SECCOMP_RET_ALLOW, "{number} {first}");
                }
            }
        }
        assert_eq!(verdict(1, 0, 0), refused(libc::ENOSYS));
    }

    #[test]
    fn the_numbers_of_this_architecture_are_those_of_the_c_library() {
        let own = [libc::SYS_add_key, libc::SYS_request_key, libc::SYS_keyctl];
        assert_eq!(KEY_CALLS[0].1.map(libc::c_long::from), own);
        assert_eq!(libc::c_long::from(SOCKET_CALLS[0]), libc::SYS_socket);
    }
}
