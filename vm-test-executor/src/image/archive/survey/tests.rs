//! What a pass accepts and where it stops.
//!
//! The end-to-end suite tests the message for each bad entry.

use super::super::limits::Limits;
use super::super::order::Feed;
use super::*;

const LIMITS: Limits = Limits {
    bytes: 1 << 20,
    entries: 3,
};

fn order(kind: Kind) -> Order {
    Order {
        name: "r.tar".to_owned(),
        kind,
        feed: Feed::Pipe,
        limits: LIMITS,
        below: None,
        into: None,
    }
}

/// Runs a pass with no layers below.
fn pass(order: &Order, from: impl Read, to: impl Write) -> Result<Found, Stop> {
    super::pass(order, &Below::new(Some(Vec::new())), from, to)
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o4755);
        header.set_uid(7);
        header.set_gid(0);
        builder.append_data(&mut header, name, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn refusal(result: Result<Found, Stop>) -> String {
    match result {
        Err(Stop::Refused(failure) | Stop::Short(failure)) => failure.message,
        Err(Stop::Read(error) | Stop::Write(error)) => panic!("{error}"),
        Ok(found) => panic!("not refused: {found:?}"),
    }
}

#[test]
fn what_is_handed_on_is_the_same_archive_also_with_names_that_need_a_header_of_their_own() {
    let long = "directory/".repeat(20) + "file";
    let files = [("a", &b"one"[..]), (&long, &[7; 1000])];
    let mut out = Vec::new();
    let mut many = order(Kind::Root);
    many.limits.entries = 50;
    pass(&many, &archive(&files)[..], &mut out).unwrap_or_else(|_| panic!());
    let mut read = tar::Archive::new(&out[..]);
    let mut names = Vec::new();
    for entry in read.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let name = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        if entry.header().entry_type() == EntryType::Regular {
            assert_eq!(entry.header().mode().unwrap(), 0o4755);
            assert_eq!(entry.header().uid().unwrap(), 7);
        }
        names.push((name, content));
    }
    // Implied directories come before their contents, and the root comes last.
    assert_eq!(names.len(), 2 + 20 + 1);
    assert_eq!(
        (&names[0], &names[21]),
        (&("a".to_owned(), b"one".to_vec()), &(long, vec![7; 1000]))
    );
    assert_eq!(names[22], (".".to_owned(), Vec::new()));
}

#[test]
fn the_limit_of_entries_holds() {
    let files = [("a", &b""[..]), ("b", b""), ("c", b""), ("d", b"")];
    let good = pass(&order(Kind::Root), &archive(&files[..3])[..], io::sink());
    assert!(good.is_ok());
    let bad = pass(&order(Kind::Root), &archive(&files)[..], io::sink());
    assert_eq!(
        refusal(bad),
        "cannot import r.tar: it has more than 3 entries"
    );
}

#[test]
fn a_size_that_is_only_claimed_counts() {
    let mut header = tar::Header::new_gnu();
    header.set_path("x").unwrap();
    header.set_size(8 << 60);
    header.set_cksum();
    let bad = pass(&order(Kind::Root), &header.as_bytes()[..], io::sink());
    assert_eq!(
        refusal(bad),
        "cannot import r.tar: it unpacks to more than the limit of 1 MiB"
    );
}

#[test]
fn names_stand_for_removals_in_layers_only() {
    let files = [("etc/.wh.passwd", &b""[..]), ("var/.wh..wh..opq", b"")];
    let mut order_of_layer = order(Kind::Layer);
    order_of_layer.limits.entries = 10;
    let mut order_of_root = order(Kind::Root);
    order_of_root.limits.entries = 10;
    let Ok(found) = pass(&order_of_layer, &archive(&files)[..], io::sink()) else {
        panic!("refused");
    };
    assert_eq!(found.removed.paths, [b"etc/passwd"]);
    assert_eq!(found.removed.directories, [b"var"]);
    let Ok(found) = pass(&order_of_root, &archive(&files)[..], io::sink()) else {
        panic!("refused");
    };
    assert!(found.removed.paths.is_empty() && found.removed.directories.is_empty());
}

#[test]
fn no_prefix_and_no_flipped_byte_of_an_archive_breaks_the_reader() {
    let files = [("a", &b"one"[..]), ("b", &[7; 700])];
    let whole = archive(&files);
    for length in 0..whole.len() - 1024 {
        assert!(pass(&order(Kind::Root), &whole[..length], io::sink()).is_err());
    }
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x81;
        // The result does not matter, as long as the pass ends.
        let _ = pass(&order(Kind::Root), &flipped[..], io::sink());
    }
}

/// Passes a layer over the files that `make` creates.
///
/// Returns the rewritten names and modes, and the remarks.
fn over(
    make: impl FnOnce(&std::path::Path),
    files: &[(&str, &[u8])],
) -> (Vec<(String, u32)>, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    make(dir.path());
    let mut order = order(Kind::Layer);
    order.limits.entries = 50;
    let mut out = Vec::new();
    let below = Below::new(Some(vec![dir.path().to_path_buf()]));
    let found = super::pass(&order, &below, &archive(files)[..], &mut out);
    let found = found.unwrap_or_else(|_| panic!("refused"));
    let mut read = tar::Archive::new(&out[..]);
    let entries = read.entries().unwrap().map(|entry| {
        let entry = entry.unwrap();
        let name = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        (name, entry.header().mode().unwrap())
    });
    (entries.collect(), found.remarks)
}

#[test]
fn directories_that_a_layer_only_implies_are_those_below_and_whiteouts_imply_them_too() {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    let make = |root: &std::path::Path| {
        for (path, mode) in [("home/ann", 0o750), ("root", 0o700), ("gone/deep", 0o711)] {
            fs::create_dir_all(root.join(path)).unwrap();
            fs::set_permissions(root.join(path), Permissions::from_mode(mode)).unwrap();
        }
        fs::set_permissions(root.join("home"), Permissions::from_mode(0o711)).unwrap();
        fs::set_permissions(root, Permissions::from_mode(0o751)).unwrap();
    };
    let files = [
        ("home/ann/new", &b"n"[..]),
        ("root/.wh.old", b""),
        (".wh.gone", b""),
        ("gone/deep/x", b""),
        ("new/x", b""),
    ];
    let expected = [
        ("home", 0o711),
        ("home/ann", 0o750),
        ("home/ann/new", 0o4755),
        ("root", 0o700),
        // A removed directory does not keep its attributes.
        ("gone", 0o755),
        ("gone/deep", 0o755),
        ("gone/deep/x", 0o4755),
        ("new", 0o755),
        ("new/x", 0o4755),
        (".", 0o751),
    ];
    let (names, remarks) = over(make, &files);
    assert_eq!(names, expected.map(|(name, mode)| (name.to_owned(), mode)));
    assert!(remarks.is_empty());
}

#[test]
fn entries_below_a_link_of_the_layers_below_follow_it() {
    use std::fs;
    use std::os::unix::fs::symlink;
    let make = |root: &std::path::Path| {
        fs::create_dir_all(root.join("usr/lib")).unwrap();
        for (target, link) in [
            ("lib", "usr/lib64"),
            ("/usr/lib64", "lib64"),
            ("../lib64/x", "usr/deep"),
            ("loop", "loop"),
        ] {
            symlink(target, root.join(link)).unwrap();
        }
    };
    let (names, remarks) = over(
        make,
        &[
            ("lib64/a", b"a"),
            ("usr/deep/b", b"b"),
            ("lib64/.wh.c", b""),
        ],
    );
    let names: Vec<_> = names.iter().map(|(name, _)| &name[..]).collect();
    assert_eq!(
        names,
        [
            "usr",
            "usr/lib",
            "usr/lib/a",
            "usr/lib/x",
            "usr/lib/x/b",
            "."
        ]
    );
    assert!(remarks.is_empty());
    let dir = tempfile::tempdir().unwrap();
    make(dir.path());
    let below = Below::new(Some(vec![dir.path().to_path_buf()]));
    let bad = super::pass(
        &order(Kind::Layer),
        &below,
        &archive(&[("loop/a", b"")])[..],
        io::sink(),
    );
    assert!(refusal(bad).ends_with("it lies below a loop of symbolic links"));
}

#[test]
fn a_directory_in_place_of_a_link_is_told() {
    let make = |root: &std::path::Path| {
        std::fs::create_dir_all(root.join("usr/bin")).unwrap();
        std::os::unix::fs::symlink("usr/bin", root.join("bin")).unwrap();
    };
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(EntryType::Directory);
    header.set_mode(0o755);
    header.set_size(0);
    builder
        .append_data(&mut header, "bin", io::empty())
        .unwrap();
    let bytes = builder.into_inner().unwrap();
    let dir = tempfile::tempdir().unwrap();
    make(dir.path());
    let below = Below::new(Some(vec![dir.path().to_path_buf()]));
    let Ok(found) = super::pass(&order(Kind::Layer), &below, &bytes[..], io::sink()) else {
        panic!("refused");
    };
    let expected = "r.tar: /bin is a directory, in place of the link to usr/bin that the layers below have there";
    assert_eq!(found.remarks, [expected]);
}
