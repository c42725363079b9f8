//! Loading orders from small indexes: everything as modules, everything built in, and unusual ones.

use super::aliases::Aliases;
use super::*;

const DEPENDENCIES: &str = "\
kernel/drivers/block/virtio_blk.ko.xz: kernel/drivers/virtio/virtio.ko.xz kernel/drivers/virtio/virtio_ring.ko.xz
kernel/drivers/virtio/virtio.ko.xz: kernel/drivers/virtio/virtio_ring.ko.xz
kernel/drivers/virtio/virtio_ring.ko.xz:
kernel/drivers/char/hw_random/virtio-rng.ko.xz: kernel/drivers/virtio/virtio.ko.xz kernel/drivers/virtio/virtio_ring.ko.xz
kernel/lost.ko: kernel/gone.ko
";

/// As in Debian's generic kernel: everything needed at boot is a module, compressed or not.
const ALL_MODULES: Indexes<'static> = Indexes {
    dependencies: "\
kernel/arch/x86/crypto/crc32c-intel.ko:
kernel/crypto/crc32c_generic.ko.zst:
kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/char/hw_random/virtio-rng.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/char/virtio_console.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/virtio/virtio_pci.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/virtio/virtio_ring.ko:
kernel/fs/erofs/erofs.ko: kernel/lib/libcrc32c.ko
kernel/fs/ext4/ext4.ko.xz: kernel/lib/crc16.ko kernel/fs/mbcache.ko kernel/fs/jbd2/jbd2.ko
kernel/fs/jbd2/jbd2.ko:
kernel/fs/mbcache.ko:
kernel/fs/overlayfs/overlay.ko:
kernel/lib/crc16.ko:
kernel/lib/libcrc32c.ko:
",
    built_in: Some("kernel/net/unix/unix.ko\n"),
    built_in_words: "unix.license=GPL\0",
    soft: "\
# Soft dependencies extracted from modules themselves.
softdep ext4 pre: crypto-crc32c
softdep jbd2 pre: crypto-crc32c
softdep libcrc32c pre: crc32c
softdep overlay aes
",
    aliases: "\
alias crypto-crc32c crc32c_intel
alias crc32c crc32c_intel
alias crypto-crc32c-generic crc32c_generic
alias crypto-crc32c crc32c_generic
alias crc32c crc32c_generic
alias virtio:d00000002v* virtio_blk
",
};

/// Returns the names in order, optional ones in brackets.
fn names_of(indexes: Indexes<'_>, wanted: &[(&str, bool)]) -> Result<Vec<String>, String> {
    let order = Modules::parse(indexes).order(wanted)?;
    let name = |entry: &Entry| match (name_of(&entry.path), entry.is_required) {
        (name, true) => name,
        (name, false) => format!("({name})"),
    };
    Ok(order.iter().map(name).collect())
}

fn names(wanted: &[(&str, bool)]) -> Result<Vec<String>, String> {
    let indexes = Indexes {
        dependencies: DEPENDENCIES,
        built_in: Some("kernel/fs/ext4/ext4.ko\n"),
        ..Indexes::default()
    };
    names_of(indexes, wanted)
}

#[test]
fn each_module_comes_once_and_after_what_it_needs() {
    let order = names(&[("virtio_rng", true), ("virtio_blk", true), ("ext4", true)]);
    assert_eq!(
        order.unwrap(),
        ["virtio_ring", "virtio", "virtio_rng", "virtio_blk"]
    );
}

#[test]
fn a_kernel_with_everything_as_modules_gets_the_soft_dependencies_by_their_other_names() {
    assert_eq!(
        names_of(ALL_MODULES, &WANTED).unwrap(),
        [
            "virtio_ring",
            "virtio",
            "(virtio_pci)",
            "virtio_blk",
            "virtio_console",
            "(virtio_rng)",
            "(crc32c_intel)",
            "(crc32c_generic)",
            "jbd2",
            "mbcache",
            "crc16",
            "ext4",
            "overlay",
            "(libcrc32c)",
            "(erofs)",
        ]
    );
}

#[test]
fn a_kernel_with_everything_built_in_needs_no_module() {
    let names: Vec<String> = WANTED.map(|(name, _)| format!("kernel/{name}.ko\n")).into();
    let built_in = names.concat();
    let indexes = Indexes {
        built_in: Some(&built_in),
        ..Indexes::default()
    };
    assert_eq!(names_of(indexes, &WANTED).unwrap(), [""; 0]);
}

#[test]
fn without_a_list_of_builtin_modules_only_a_boot_shows_what_is_missing() {
    assert_eq!(names_of(Indexes::default(), &WANTED).unwrap(), [""; 0]);
    let nothing = Indexes {
        built_in: Some(""),
        ..Indexes::default()
    };
    assert_eq!(
        names_of(nothing, &WANTED).unwrap_err(),
        "the kernel has no module virtio_blk"
    );
}

#[test]
fn what_is_built_in_gets_its_soft_dependencies_too() {
    let indexes = Indexes {
        dependencies: "kernel/a.ko:\nkernel/z.ko:\n",
        built_in: Some("kernel/fs/ext4/ext4.ko\n"),
        built_in_words: "ext4.license=GPL\0ext4.softdep=pre: a post: z\0",
        ..Indexes::default()
    };
    let order = names_of(indexes, &[("ext4", true)]);
    assert_eq!(order.unwrap(), ["(a)", "(z)"]);
}

#[test]
fn what_a_required_module_needs_is_required_even_if_another_could_do_without_it() {
    let indexes = Indexes {
        dependencies: "a.ko: c.ko\nb.ko: c.ko\nc.ko: d.ko\nd.ko:\n",
        ..Indexes::default()
    };
    let order = names_of(indexes, &[("a", false), ("b", true)]);
    assert_eq!(order.unwrap(), ["d", "c", "(a)", "b"]);
}

#[test]
fn what_would_be_good_to_have_afterwards_comes_afterwards() {
    let indexes = Indexes {
        dependencies: "a.ko:\nb.ko: c.ko\nc.ko:\n",
        soft: "softdep a post: b pre: x-y nothing\n",
        aliases: "alias x-? c\n",
        ..Indexes::default()
    };
    let order = names_of(indexes, &[("a", true)]);
    assert_eq!(order.unwrap(), ["(c)", "a", "(b)"]);
}

#[test]
fn what_is_missing_is_named_if_it_must_be_there() {
    assert_eq!(names(&[("erofs", false)]).unwrap(), [""; 0]);
    assert_eq!(
        names(&[("erofs", true)]).unwrap_err(),
        "the kernel has no module erofs"
    );
    assert_eq!(
        names(&[("lost", true)]).unwrap_err(),
        "its modules.dep names kernel/gone.ko, which has no line there"
    );
    assert_eq!(names(&[("lost", false)]).unwrap(), [""; 0]);
}

#[test]
fn a_cycle_ends() {
    let cycle = Indexes {
        dependencies: "a.ko: b.ko\nb.ko: a.ko\n",
        soft: "softdep a pre: b post: a\nsoftdep b pre: a\n",
        ..Indexes::default()
    };
    for is_required in [true, false] {
        let order = Modules::parse(cycle).order(&[("b", false), ("a", is_required)]);
        let mut names: Vec<_> = order.unwrap().iter().map(|it| name_of(&it.path)).collect();
        names.sort();
        assert_eq!(names, ["a", "b"]);
    }
}

#[test]
fn other_names_are_patterns() {
    let index = "alias char-major-10-20* a\nalias crypto-md5-[a-c0] b\nalias net-pf-? c-d\nalias [x a\nalias\n";
    let aliases = Aliases::parse(index);
    let found = |name: &str| aliases.modules(name).map(str::to_owned).collect::<Vec<_>>();
    for (name, modules) in [
        ("char-major-10-200", &["a"][..]),
        ("char_major_10-2", &[]),
        ("crypto-md5-b", &["b"]),
        ("crypto-md5-0", &["b"]),
        ("crypto-md5-d", &[]),
        ("net-pf-1", &["c_d"]),
        ("net-pf-10", &[]),
        ("[x", &[]),
    ] {
        assert_eq!(found(name), modules, "{name}");
    }
}
