//! Starts a keeper: which program it is, which descriptors and namespaces it gets. Knows nothing of
//! what it will hold.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use vm_test_sys::namespaces::{self, Program, Waiting};

/// Which namespaces a keeper gets besides the ones that every keeper gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isolation {
    /// Whether it gets a user namespace.
    pub user: bool,
    /// Whether it gets a network namespace.
    pub network: bool,
    /// Whether it keeps its user's supplementary groups.
    pub keep_groups: bool,
}

/// Starts a keeper in this role, the argument that the program is started with.
///
/// It waits for its id maps. The kernel kills it when the calling thread ends.
///
/// # Errors
/// If the kernel refuses.
pub fn start(
    role: &str,
    control: BorrowedFd<'_>,
    stream: Option<BorrowedFd<'_>>,
    isolation: Isolation,
) -> io::Result<Waiting> {
    let null = File::options().read(true).write(true).open("/dev/null")?;
    let errors = io::stderr();
    let mut descriptors = vec![null.as_fd(), null.as_fd(), errors.as_fd(), control];
    descriptors.extend(stream);
    namespaces::start(&Program {
        // Not by its path, where there may be a newer program by now.
        path: c"/proc/self/exe".into(),
        args: vec![c"vm-test".into(), CString::new(role)?],
        environment: vec![
            c"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into(),
        ],
        descriptors,
        user_namespace: isolation.user,
        network_namespace: isolation.network,
        keep_groups: isolation.keep_groups,
    })
}
