//! What is taken from small roots: modules, compressed or not, and nothing outside of the root.

use super::*;

#[test]
fn paths_lead_nowhere_outside_the_root() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("boot")).unwrap();
    std::os::unix::fs::symlink("../../../etc/passwd", dir.path().join("boot/up")).unwrap();
    std::os::unix::fs::symlink("/boot/real", dir.path().join("boot/in")).unwrap();
    fs::write(dir.path().join("boot/real"), "real").unwrap();
    let root: OwnedFd = File::open(dir.path()).unwrap().into();
    let read = |path: &str| read_whole(&root, Path::new(path));
    assert_eq!(read("/boot/in").unwrap(), b"real");
    assert_eq!(
        read("/boot/up").unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
    let error = read("/boot").unwrap_err();
    assert!(
        error.to_string().contains("/boot: it is no file"),
        "{error}"
    );
}

const RELEASE: &str = "6.1.0-1-x";

/// Takes the modules of a root with these files in its modules directory.
///
/// Returns the list and the directory of the modules.
fn taken(files: &[(&str, &[u8])]) -> io::Result<(String, tempfile::TempDir)> {
    let dir = tempfile::tempdir()?;
    let home = dir
        .path()
        .join("root")
        .join(&modules_of(RELEASE).to_string_lossy()[1..]);
    fs::create_dir_all(dir.path().join("root"))?;
    for (name, bytes) in files {
        let path = home.join(name);
        fs::create_dir_all(path.parent().unwrap())?;
        fs::write(path, bytes)?;
    }
    let root: OwnedFd = File::open(dir.path().join("root"))?.into();
    take_modules(&root, RELEASE, &dir.path().join("modules"))?;
    let order = fs::read_to_string(dir.path().join("modules").join(ORDER))?;
    Ok((order, dir))
}

/// Compresses bytes with a program.
fn packed(program: &str, bytes: &[u8]) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("plain");
    fs::write(&plain, bytes).unwrap();
    let output = Command::new(program).arg("-c").arg(&plain).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program}");
    output.stdout
}

#[test]
fn of_a_kernel_with_all_as_modules_they_come_unpacked_with_their_soft_dependencies() {
    let modules = [
        "virtio_blk",
        "virtio_console",
        "overlay",
        "ext4",
        "crc32c_generic",
    ];
    let dependencies = "\
kernel/virtio_blk.ko:
kernel/virtio_console.ko.xz:
kernel/overlay.ko.zst:
kernel/ext4.ko.gz:
kernel/crc32c_generic.ko:
";
    let words = |name: &str| format!("driver {name}").into_bytes();
    let [disk, console, overlay, ext4, crc] = modules.map(words);
    let (order, dir) = taken(&[
        ("modules.dep", dependencies.as_bytes()),
        ("modules.builtin", b""),
        // The authors' names may be in any encoding.
        (
            "modules.builtin.modinfo",
            b"unix.author=J\xe4rvi\0unix.license=GPL\0",
        ),
        ("modules.softdep", b"softdep ext4 pre: crypto-crc32c\n"),
        ("modules.alias", b"alias crypto-crc32c crc32c_generic\n"),
        ("kernel/virtio_blk.ko", &disk),
        ("kernel/virtio_console.ko.xz", &packed("xz", &console)),
        ("kernel/overlay.ko.zst", &packed("zstd", &overlay)),
        ("kernel/ext4.ko.gz", &packed("gzip", &ext4)),
        ("kernel/crc32c_generic.ko", &crc),
    ])
    .unwrap();
    assert_eq!(
        order,
        "virtio_blk\nvirtio_console\ncrc32c_generic optional\next4\noverlay\n"
    );
    for name in modules {
        let file = dir.path().join("modules").join(format!("{name}.ko"));
        assert_eq!(fs::read(file).unwrap(), words(name), "{name}");
    }
    let left = fs::read_dir(dir.path().join("modules")).unwrap().count();
    assert_eq!(left, modules.len() + 1);
}

#[test]
fn of_a_kernel_with_all_built_in_there_is_nothing_to_take() {
    let built_in = b"kernel/virtio_blk.ko\nkernel/virtio_console.ko\nkernel/overlay.ko\nkernel/fs/ext4/ext4.ko\n";
    let files: &[(&str, &[u8])] = &[("modules.dep", b""), ("modules.builtin", built_in)];
    assert_eq!(taken(files).unwrap().0, "");
    // The same as where no modules are installed.
    assert_eq!(taken(&[]).unwrap().0, "");
}

#[test]
fn a_kernel_without_what_a_machine_needs_is_refused_by_name() {
    let error = taken(&[
        ("modules.dep", b""),
        ("modules.builtin", b"kernel/virtio_blk.ko\n"),
    ]);
    let error = error.unwrap_err().to_string();
    assert_eq!(error, "the kernel has no module virtio_console");
}
