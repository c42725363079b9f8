//! The one table of what vm-test needs from the host: what, why, for which purpose, and the sign
//! that it is installed. It only looks; `setup` installs.

use crate::machine::Sign;
use crate::package::{Package, Purpose, Source, debian, program};

/// Everything that the project needs besides Rust (with the C linker that it requires) and git.
pub(crate) const TABLE: &[Package] = &[
    debian(
        "liblxc1",
        Purpose::Run,
        Sign::Library("liblxc.so.1"),
        "runs containers",
    ),
    debian(
        "uidmap",
        Purpose::Run,
        Sign::Command("newuidmap"),
        "maps the ids of an ordinary user's guests",
    ),
    debian(
        "nftables",
        Purpose::Demo,
        Sign::Command("nft"),
        "is the firewall that the demo programs",
    ),
    debian(
        "iproute2",
        Purpose::Demo,
        Sign::Command("ip"),
        "makes the interfaces of the demo",
    ),
    for_tests(
        "iptables",
        Sign::Command("iptables"),
        "is the other firewall that guests must offer",
    ),
    for_tests(
        "passt",
        Sign::Command("pasta"),
        "is the way out of containers with network = \"user\"",
    ),
    for_tests(
        "iputils-ping",
        Sign::Command("ping"),
        "sends packets between guests",
    ),
    for_tests(
        "gdb",
        Sign::Command("gdb"),
        "is the debugger that stops in a test",
    ),
    for_tests(
        "gdbserver",
        Sign::Command("gdbserver"),
        "starts that test in its guest",
    ),
    for_tests(
        "mmdebstrap",
        Sign::Command("mmdebstrap"),
        "bootstraps the Debian that images start from",
    ),
    for_tests(
        "btrfs-progs",
        Sign::Command("mkfs.btrfs"),
        "makes the file system of a store under test",
    ),
    for_tests(
        "qemu-system-x86",
        Sign::Command("qemu-system-x86_64"),
        "runs VMs",
    ),
    for_tests(
        "qemu-utils",
        Sign::Command("qemu-img"),
        "makes the disks that VMs write to",
    ),
    for_tests(
        "e2fsprogs",
        Sign::Command("mke2fs"),
        "makes the disks of VMs, and one that a store under test fills",
    ),
    for_tests(
        "xz-utils",
        Sign::Command("xz"),
        "packs archives that are imported",
    ),
    for_tests(
        "zstd",
        Sign::Command("zstd"),
        "packs archives that are imported",
    ),
    for_tests(
        "strace",
        Sign::Command("strace"),
        "follows a test that is traced",
    ),
    for_tests(
        "perl",
        Sign::Command("perl"),
        "is the other language whose programs guests run",
    ),
    for_tests(
        "mariadb-server-core",
        Sign::Command("mariadbd"),
        "is a server that the fault proxy carries",
    ),
    for_tests(
        "mariadb-client-core",
        Sign::Command("mariadb"),
        "shows the errors of that server's protocol",
    ),
    for_tests(
        "procps",
        Sign::Command("ps"),
        "shows the processes that a test left behind",
    ),
    debian(
        "libdevmapper-dev",
        Purpose::Campaign,
        Sign::Header("libdevmapper.h"),
        "is what a published crate under test links with",
    ),
    debian(
        "clang",
        Purpose::Campaign,
        Sign::Command("clang"),
        "reads that library's headers for the crate",
    ),
    debian(
        "libssl-dev",
        Purpose::Campaign,
        Sign::Header("openssl/ssl.h"),
        "is what published crates and clients link with",
    ),
    debian(
        "pkg-config",
        Purpose::Campaign,
        Sign::Command("pkg-config"),
        "finds that library for the crate",
    ),
    debian(
        "nodejs",
        Purpose::Campaign,
        Sign::Command("node"),
        "runs a published client for Toxiproxy",
    ),
    debian(
        "npm",
        Purpose::Campaign,
        Sign::Command("npm"),
        "fetches that client",
    ),
    debian(
        "python3-pip",
        Purpose::Campaign,
        Sign::Command("pip3"),
        "fetches another client for Toxiproxy",
    ),
    debian(
        "lxc",
        Purpose::Bench,
        Sign::Command("lxc-execute"),
        "is what vm-test compares itself with",
    ),
    debian(
        "crun",
        Purpose::Bench,
        Sign::Command("crun"),
        "starts the containers that vm-test compares itself with",
    ),
    debian(
        "bubblewrap",
        Purpose::Bench,
        Sign::Command("bwrap"),
        "starts the sandboxes that vm-test compares itself with",
    ),
    debian(
        "binutils",
        Purpose::Bench,
        Sign::Command("objcopy"),
        "makes one test binary larger and smaller",
    ),
    debian(
        "mininet",
        Purpose::Labs,
        Sign::Command("mn"),
        "is what labs are compared with",
    ),
    debian(
        "bridge-utils",
        Purpose::Labs,
        Sign::Command("brctl"),
        "makes the bridges of mininet",
    ),
    debian(
        "haproxy",
        Purpose::Proxies,
        Sign::Command("haproxy"),
        "is what the fault proxies are compared with",
    ),
    for_tests(
        "python3-venv",
        Sign::Command("python3"),
        "runs clients of servers, and munet, which labs are compared with",
    ),
    for_tests(
        "redis-server",
        Sign::Command("redis-server"),
        "is a server behind the fault proxy",
    ),
    for_tests(
        "memcached",
        Sign::Command("memcached"),
        "is another server behind it",
    ),
    for_tests(
        "nginx-light",
        Sign::Command("nginx"),
        "is a server of HTTP behind the fault proxy",
    ),
    for_tests("curl", Sign::Command("curl"), "is a client of it"),
    for_tests(
        "docker-registry",
        Sign::Command("docker-registry"),
        "is a registry that images come from",
    ),
    for_tests(
        "openssl",
        Sign::Command("openssl"),
        "makes the certificate of that registry",
    ),
    for_tests(
        "lxc-dev",
        Sign::Header("lxc/lxccontainer.h"),
        "has the layout that the bindings must match",
    ),
    for_tests(
        "gcc",
        Sign::Command("gcc"),
        "compiles the check of that layout",
    ),
    for_tests("libc6-dev", Sign::Header("stdio.h"), "is needed by gcc"),
    for_tests(
        "util-linux",
        Sign::Command("setpriv"),
        "runs the suites as an ordinary user",
    ),
    for_tests(
        "passwd",
        Sign::Command("useradd"),
        "makes that ordinary user",
    ),
    debian(
        "g++",
        Purpose::Fuzz,
        Sign::Command("c++"),
        "compiles libFuzzer",
    ),
    program(
        "cargo-fuzz",
        Purpose::Fuzz,
        Sign::Command("cargo-fuzz"),
        "runs the fuzz targets of protocols",
    ),
    program(
        "cargo-nextest",
        Purpose::Test,
        Sign::Command("cargo-nextest"),
        "is the second test runner that must work",
    ),
    program(
        "cargo-llvm-cov",
        Purpose::Test,
        Sign::Command("cargo-llvm-cov"),
        "measures coverage, which must come back from guests",
    ),
    Package {
        name: "llvm-tools",
        source: Source::Component,
        why: "reads the compiler's own coverage profiles",
        sign: Sign::Tool("llvm-profdata"),
        purpose: Purpose::Test,
    },
];

/// Returns a package of Debian and Ubuntu that only vm-test's own tests need.
const fn for_tests(name: &'static str, sign: Sign, why: &'static str) -> Package {
    debian(name, Purpose::Test, sign, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;
    use crate::package::missing;

    fn names(packages: &[&Package]) -> Vec<&'static str> {
        packages.iter().map(|package| package.name).collect()
    }

    #[test]
    fn on_an_empty_machine_everything_is_missing() {
        let root = tempfile::tempdir().unwrap();
        let machine = Machine::below(root.path());
        assert_eq!(
            names(&missing(TABLE, &[Purpose::Run], &machine)),
            ["liblxc1", "uidmap"]
        );
        assert_eq!(
            missing(
                TABLE,
                &[
                    Purpose::Run,
                    Purpose::Demo,
                    Purpose::Test,
                    Purpose::Campaign,
                    Purpose::Bench,
                    Purpose::Labs,
                    Purpose::Proxies,
                    Purpose::Fuzz
                ],
                &machine
            )
            .len(),
            TABLE.len()
        );
    }

    #[test]
    fn a_package_whose_sign_is_there_is_not_missing() {
        let root = tempfile::tempdir().unwrap();
        let machine = Machine::below(root.path());
        std::fs::write(root.path().join("lib/liblxc.so.1"), "").unwrap();
        assert_eq!(
            names(&missing(TABLE, &[Purpose::Run], &machine)),
            ["uidmap"]
        );
    }

    #[test]
    fn no_package_stands_twice_in_the_table() {
        let mut names: Vec<_> = TABLE.iter().map(|package| package.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
    }
}
