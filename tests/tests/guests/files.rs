//! `files` and `mounts`: what the host has at one path, and the guest at another.

use crate::bench::{Bench, Kind, write};
use std::fs;
use std::os::unix::fs::symlink;

/// Bytes that no text has.
const BYTES: &[u8] = b"\0\xff\r\n\x80";

/// Returns a workspace with files, and more of them beside it.
fn bench(kind: Kind) -> Bench {
    let bench = Bench::new(
        kind,
        "files = [{ from = \"testdata\", to = \"/srv/data\" }, { from = \"../beside/one\", to = \"/etc/one\" }]\n\
         mounts = [{ from = \"../beside\", to = \"/mnt/beside\" }]\n",
    );
    let data = bench.workspace().join("testdata");
    write(&data.join("bytes"), BYTES, 0o640);
    write(&data.join("deep/run"), "#!/bin/sh\necho it runs\n", 0o755);
    symlink("deep/run", data.join("link")).unwrap();
    write(&bench.beside("beside/one"), "one\n", 0o600);
    // What cargo calls a cache comes, too.
    write(&bench.beside("beside/target/CACHEDIR.TAG"), "", 0o644);
    write(&bench.beside("beside/target/two"), "two\n", 0o644);
    bench
}

fn appear_as_they_are(kind: Kind) {
    let bench = bench(kind);
    let seen = bench.output(
        "cd /srv/data; stat -c '%n %a %u:%g' bytes deep/run /etc/one; od -An -tx1 bytes; readlink link; ./link
         cat /etc/one /mnt/beside/target/two
         echo changed | tee bytes /etc/one >/dev/null; cat bytes /etc/one",
    );
    assert_eq!(
        seen,
        "bytes 640 0:0\ndeep/run 755 0:0\n/etc/one 600 0:0\n 00 ff 0d 0a 80\ndeep/run\nit runs\n\
         one\ntwo\nchanged\nchanged\n"
    );
    let data = bench.workspace().join("testdata");
    assert_eq!(fs::read(data.join("bytes")).unwrap(), BYTES);
    // What was prepared for the next test has no old files.
    write(&data.join("bytes"), "new\n", 0o600);
    assert_eq!(bench.output("cat /srv/data/bytes"), "new\n");
}

fn cannot_be_written_to(kind: Kind) {
    let bench = bench(kind);
    let seen = bench.output(
        "cd /mnt/beside; for try in 1 2; do
             for word in 'touch new' 'rm -r target' 'chmod 777 .' 'dd if=/dev/zero of=one conv=notrunc count=1'; do
                 $word 2>/dev/null && echo \"$word succeeds\"
             done
             mount -o remount,rw,bind /mnt/beside 2>/dev/null
             mount -o remount,rw /mnt/beside 2>/dev/null
         done; cat one",
    );
    assert_eq!(seen, "one\n");
    assert_eq!(fs::read(bench.beside("beside/one")).unwrap(), b"one\n");
    assert!(bench.beside("beside/target/two").is_file());
    assert!(!bench.beside("beside/new").exists());
}

fn stay_in_the_guest(kind: Kind) {
    let bench = bench(kind);
    // The second file goes through a link that the first one brings.
    let outside = bench.beside("outside");
    fs::create_dir(&outside).unwrap();
    fs::create_dir(bench.workspace().join("links")).unwrap();
    symlink(&outside, bench.workspace().join("links/out")).unwrap();
    bench.set(
        "files = [{ from = \"links\", to = \"/srv/links\" }, { from = \"testdata/bytes\", to = \"/srv/links/out/bytes\" }]\n",
    );
    let seen = bench.output(&format!("wc -c < {}/bytes", outside.display()));
    assert_eq!(seen.trim(), BYTES.len().to_string());
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn files_in_a_container_appear_as_they_are() {
    appear_as_they_are(Kind::Container);
}

#[test]
fn files_on_a_vm_appear_as_they_are() {
    appear_as_they_are(Kind::Vm);
}

#[test]
fn mounts_in_a_container_cannot_be_written_to() {
    cannot_be_written_to(Kind::Container);
}

#[test]
fn what_is_not_there_is_named() {
    let bench = bench(Kind::Container);
    for key in ["files", "mounts"] {
        bench.set(&format!(
            "{key} = [{{ from = \"none\", to = \"/srv/x\" }}]\n"
        ));
        let path = bench.workspace().canonicalize().unwrap().join("none");
        assert_eq!(
            bench.failure(),
            format!(
                "error: cannot start guest `container`: its {key} name {}: No such file or directory (os error 2)\n\
                 hint: a relative path starts at the directory of vm-test.toml, or, without one, of the package\n",
                path.display()
            )
        );
    }
}

mod in_full {
    use super::{Kind, cannot_be_written_to, stay_in_the_guest};

    #[test]
    fn a_link_in_a_container_leads_no_file_out_of_it() {
        stay_in_the_guest(Kind::Container);
    }

    #[test]
    fn mounts_on_a_vm_cannot_be_written_to() {
        cannot_be_written_to(Kind::Vm);
    }

    #[test]
    fn a_link_on_a_vm_leads_no_file_out_of_it() {
        stay_in_the_guest(Kind::Vm);
    }
}
