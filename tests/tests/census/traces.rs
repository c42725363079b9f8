//! Traces in the file system and of sockets: the census reports all that are left on purpose.
//! Changes nothing that others use.

use super::{alone, assert_reported, is_root};
use std::fs::{self, File};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;
use vm_test_tests::census::Kind;
use vm_test_tests::host::Host;

#[test]
fn sockets_with_a_path_and_without_one_are_reported() {
    let _alone = alone();
    let host = Host::new();
    let name = format!("vm-test-leak-{}", std::process::id());
    assert_reported(&host, Kind::Socket, &name, || {
        UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap()
    });
    fs::create_dir(host.runtime()).unwrap();
    let path = host.runtime().join("leak.sock");
    assert_reported(&host, Kind::Socket, "leak.sock", || {
        (UnixListener::bind(&path).unwrap(), Removed(&path))
    });
    fs::remove_dir(host.runtime()).unwrap();
}

struct Removed<'a>(&'a Path);

impl Drop for Removed<'_> {
    fn drop(&mut self) {
        fs::remove_file(self.0).unwrap();
    }
}

#[test]
fn files_in_the_runtime_directory_and_elsewhere_are_reported() {
    let _alone = alone();
    let host = Host::new();
    fs::create_dir(host.runtime()).unwrap();
    let elsewhere = format!("/tmp/leaked-by-vm-test-{}", std::process::id());
    for path in [host.runtime().join("leak"), elsewhere.into()] {
        let name = path.to_str().unwrap();
        assert_reported(&host, Kind::File, name, || {
            File::create(&path).unwrap();
            Removed(&path)
        });
    }
    fs::remove_dir(host.runtime()).unwrap();
}

#[test]
fn a_lock_in_the_runtime_directory_is_reported() {
    let _alone = alone();
    let host = Host::new();
    fs::create_dir(host.runtime()).unwrap();
    let path = host.runtime().join("leak.lock");
    assert_reported(&host, Kind::Lock, "FLOCK", || {
        let file = File::create(&path).unwrap();
        rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).unwrap();
        (file, Removed(&path))
    });
    fs::remove_dir(host.runtime()).unwrap();
}

#[test]
fn a_control_group_is_reported_where_this_user_can_make_one() {
    let _alone = alone();
    let host = Host::new();
    let parent = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"]
        .map(Path::new)
        .into_iter()
        .find(|dir| dir.join("cgroup.procs").is_file());
    let Some(parent) = parent else {
        panic!("there is no control group below /sys/fs/cgroup");
    };
    // Another daemon may remove the empty parent at any time, but not while it contains a group.
    let group = parent.join("vm-test/999999999-leak");
    if !is_root() {
        let error = fs::create_dir_all(&group).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
        return;
    }
    assert_reported(&host, Kind::ControlGroup, "999999999-leak", || {
        fs::create_dir_all(&group).unwrap();
        Group(&group)
    });
}

struct Group<'a>(&'a Path);

impl Drop for Group<'_> {
    fn drop(&mut self) {
        // The next daemon would sweep it, too, since no daemon has this id.
        let _ = fs::remove_dir(self.0);
        let _ = fs::remove_dir(self.0.parent().unwrap());
    }
}
