//! The attribute `#[on_vm]`; use it through the crate `vm-test`.
//!
//! Tokens go in and tokens come out: `attribute` and `settings` read the attribute, `function`
//! reads the item below it, `expand` writes the result. No part of this crate may run, reorder or
//! inspect a body.
#![forbid(unsafe_code)]

mod attribute;
mod expand;
mod function;
mod groups;
mod lab;
mod literal;
mod matrix;
mod mistake;
mod panics;
mod placements;
mod quantity;
mod refusal;
mod runtime_path;
mod set_up;
mod settings;
mod site_lab;
mod value;
mod workspace;

use attribute::Attribute;
use function::Function;
use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::ToTokens;

/// Runs the body of a test in a fresh guest: a container or a virtual machine.
///
/// ```text
/// use vm_test::on_vm;
///
/// #[on_vm("worker-1", memory = "1G", timeout = "5m")]
/// #[test]
/// fn port_80_is_forwarded() {
///     firewall::forward(80, "10.1.0.2:8080").unwrap();
///     assert_eq!(http_get("http://10.2.0.1/"), 200);
/// }
/// ```
///
/// The test stays an ordinary test. Only its body moves: it never runs on the host, in the guest it
/// runs as root, and everything it did there is rolled back. Its output, its panic and its verdict
/// come back, so `cargo test`, `cargo nextest` and the IDE see a local test. A test passes only if
/// the guest reports success for this very test.
///
/// # Guest
///
/// `#[on_vm]` runs the test in guest `host`, a container over the host's own root file system,
/// which needs no configuration. `#[on_vm("worker-1")]` runs it in the guest of that name in
/// `vm-test.toml`. The name is a string literal of 1 to 63 ASCII letters, digits, `.`, `_` and `-`
/// that starts with a letter or a digit, and it comes first.
///
/// `#[on_vm(each = ["deb12-lxc", "deb12-kvm"])]` makes one test for each of these guests, with the
/// guest in its name: `fn routes()` becomes `routes_on_deb12_lxc` and `routes_on_deb12_kvm`, so
/// that filters and reports distinguish them. All other attributes and settings apply to each. It
/// must stand above the attribute that makes the function a test, which otherwise has done so
/// before there are several functions; `cargo test _on_deb12_kvm` runs the tests on one guest. In
/// the names, letters become lower case, and every character other than a letter or digit becomes
/// `_`. `#[on_vm(each = "debians")]` does so for the guests of a group, which `vm-test.toml` declares
/// as in `[groups] debians = ["deb12", "deb13"]`; group `all` has all guests of the file unless it
/// declares one of this name. cargo compiles the test again when the file changes.
///
/// `#[on_vm(lab = "office", node = "gw")]` runs it on a node of a lab: several guests on networks of
/// their own, which `vm-test.toml` declares. Without `node` it runs on the driver, a container over
/// the host's root on no network. `vm_test::lab()` is the way to the other nodes. A small lab can
/// stand at the test itself: `#[on_vm(lab(gw = "router", t1 = "deb"), node = "gw")]` names its
/// nodes with their guests, all of them on one network, `lan`.
///
/// # Settings
///
/// `key = value` pairs after the name, or alone, apply to this test only. A setting that is not
/// given here is taken from the guest's table in `vm-test.toml`, then from the tables that this one
/// builds on (`extends`, `[guest-defaults]`), and then from the default.
///
/// | key | values | default | meaning |
/// |---|---|---|---|
/// | `backend` | `"lxc"`, `"kvm"` | `"lxc"` | a container, or a virtual machine with its own kernel |
/// | `accelerator` | `"auto"`, `"kvm"`, `"tcg"` | `"auto"` | for `"kvm"`: `/dev/kvm` if it boots the image, else QEMU's emulation; or exactly one of them |
/// | `image` | a name | the guest's | the root file system, and for `"kvm"` the kernel, that the guest starts from |
/// | `kernel` | a package as `"linux-image-amd64"`, or a path | the image's | another kernel for `"kvm"` |
/// | `modules` | a list of names as `"8021q"` | `[]` | kernel modules: loaded in a `"kvm"` guest, required of the host's kernel for a container |
/// | `init` | `"agent"`, `"system"` | the image's | boot nothing but the test, or the image's own init first |
/// | `memory` | `"16M"` to `"1T"` | `"512M"` | memory of the guest |
/// | `cpus` | `1` to `256` | `1` | a container's share in admission, a VM's processors |
/// | `network` | `"none"`, `"user"` | `"none"` | loopback only, or outgoing connections |
/// | `interfaces` | `0` to `8` | `0` | how many network interfaces the guest has at least, besides loopback |
/// | `forward` | a list of ports as `"8080"` or `"18080:8080"` | `[]` | TCP ports of the guest that the host has at 127.0.0.1 while the test runs |
/// | `timeout` | `"1ms"` to `"24h"` | `"60s"` | how long the test may take before it has failed |
/// | `boot_timeout` | `"1ms"` to `"24h"` | `"60s"` | how long the guest may take before the test begins |
/// | `keep` | `"never"`, `"on-failure"` | `"never"` | whether the instance stays when the test fails |
/// | `keep_for` | `"1ms"` to `"24h"` | `"30m"` | how long it then stays |
/// | `env` | a list of names | `[]` | environment variables handed on besides the usual ones |
/// | `export` | a list of patterns as `"**/*.snap.new"` | `[]` | files of the workspace that come back if the test writes them |
/// | `files` | a list of pairs of paths as `("testdata", "/srv/data")` | `[]` | files and directories of the host that are copied into the guest |
/// | `mounts` | a list of pairs of paths | `[]` | directories of the host that the guest can read |
/// | `expose` | a list of paths as `"~/.ssh"` | `[]` | the user's credentials that the guest may see |
/// | `disks` | a list of sizes as `"1G"` | `[]` | blank disks of a `"kvm"` guest, in memory and gone with it |
/// | `devices` | a list of `"/dev/net/tun"`, `"/dev/fuse"`, `"loop"` | `[]` | devices the guest may use |
/// | `rollback` | `"overlay"`, `"snapshot"` | `"overlay"` | what the test writes is in memory, or on disk in a snapshot of the image |
/// | `privileged` | `true`, `false` | `false` | no user namespace: root of a container is root of the host |
/// | `setup` | the path of a function | none | what it writes is kept: it runs once, and each test that names it starts from there |
/// | `crate` | a path | found by itself | where the runtime is, for crates that re-export it |
///
/// Sizes are whole numbers with `K`, `M`, `G` or `T`; these are binary units, and `iB` or `B` may
/// follow. Durations are whole numbers with `ms`, `s`, `m` or `h`, or several of them, as in `1h
/// 30m`. The case of units does not matter, and blanks may stand between numbers and units;
/// `vm-test.toml`, options and variables accept the same. All values are literals, and all are
/// checked when the test is compiled.
///
/// # Test attributes
///
/// `#[on_vm]` never makes a function a test. Write `#[test]`, `#[tokio::test]`, `#[rstest]` or
/// `#[test_case(…)]` as usual, above or below; all attributes, arguments, generics, `async` and the
/// return type stay as written. `#[should_panic]`, `#[ignore]` and fixtures work. A function may
/// return `()`, `Result<(), E>` with `E: Debug`, or `ExitCode`.
///
/// The position determines what moves. What an attribute above `#[on_vm]` adds is part of the body:
/// fixtures of an `#[rstest]` above are made only in the guest, and so is the async runtime of a
/// `#[tokio::test]` above. What one below adds is around the body: it happens on the host, and
/// again in the guest.
///
/// # Errors
///
/// A wrong argument is an error on that argument that says what to write. `const`, `unsafe` and
/// `extern` functions, methods, and functions that return `impl Trait` or `!` cannot run in a
/// guest; neither can anything but a function.
///
/// The runtime is found under the name that the crate's `Cargo.toml` gives to `vm-test`, or else to
/// `vm-test-runtime`. Name it with `crate = …` in a crate that lists neither, and gets it from
/// another one.
#[proc_macro_attribute]
pub fn on_vm(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let item = Tokens::from(item);
    let expanded = wrap(arguments.into(), item.clone());
    let tokens = expanded.unwrap_or_else(|error| {
        // The item is kept, so that an editor still knows its names. No test is built from it.
        let mut tokens = error.into_compile_error();
        tokens.extend(item);
        tokens
    });
    tokens.into()
}

fn wrap(arguments: Tokens, item: Tokens) -> syn::Result<Tokens> {
    let parsed = (Attribute::parse(arguments), Function::parse(item));
    let (attribute, function) = match parsed {
        (Ok(attribute), Ok(function)) => (attribute, function),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => return Err(error),
        (Err(mut error), Err(other)) => {
            error.combine(other);
            return Err(error);
        }
    };
    let runtime = match &attribute.runtime {
        Some(path) => path.to_token_stream(),
        None => runtime_path::find(),
    };
    expand::expand(&attribute, &function, &runtime)
}
