//! Archives in the formats of various programs, read entry by entry.

use super::*;
use tar::{Builder, EntryType};

/// Builds an entry that is described by its header alone.
fn plain(name: &str, kind: u8, content: &[u8], change: impl FnOnce(&mut [u8; BLOCK])) -> Vec<u8> {
    let mut block = [0; BLOCK];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..107].copy_from_slice(b"0000755");
    block[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    block[156] = kind;
    change(&mut block);
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut bytes = block.to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

fn extended(pairs: &[(&str, &[u8])]) -> Vec<u8> {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(key, value)| (key.as_bytes(), *value))
        .collect();
    plain("x", b'x', &extended::written(&pairs), |_| {})
}

/// Returns each entry's name, kind and content.
fn read(archive: &[u8]) -> io::Result<Vec<(String, u8, Vec<u8>)>> {
    let mut entries = Entries::new(archive);
    let mut found = Vec::new();
    while let Some(member) = entries.next()? {
        assert!(!member.nonsense, "{member:?}");
        let mut content = Vec::new();
        entries.read_to_end(&mut content)?;
        assert_eq!(content.len() as u64, member.size);
        found.push((
            String::from_utf8(member.name).unwrap(),
            member.kind,
            content,
        ));
    }
    Ok(found)
}

fn named(name: &str, kind: u8, content: &[u8]) -> (String, u8, Vec<u8>) {
    (name.to_owned(), kind, content.to_vec())
}

#[test]
fn the_oldest_form_a_label_and_long_names_are_read() {
    let mut builder = Builder::new(plain("label", b'V', b"", |_| {}));
    let long = "directory/".repeat(30) + "file";
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_size(3);
    builder
        .append_data(&mut header, &long, &b"abc"[..])
        .unwrap();
    let mut archive = builder.into_inner().unwrap();
    archive.truncate(archive.len() - 1024);
    archive.extend(plain("bin/", b'\0', b"", |_| {}));
    archive.extend(plain("bin/a", b'\0', b"A", |_| {}));
    // The size field of a directory or link does not count as content.
    archive.extend(plain("d", b'5', b"", |block| {
        block[124..135].copy_from_slice(b"00000010000")
    }));
    archive.extend(plain("p/a", b'0', b"", |block| {
        block[257..265].copy_from_slice(b"ustar\x0000");
        block[345..347].copy_from_slice(b"up");
    }));
    let expected = [
        named(&long, b'0', b"abc"),
        named("bin/", b'5', b""),
        named("bin/a", b'0', b"A"),
        named("d", b'5', b""),
        named("up/p/a", b'0', b""),
    ];
    assert_eq!(read(&archive).unwrap(), expected);
}

#[test]
fn a_value_of_an_extended_header_may_look_like_another_pair() {
    let pairs: [(&str, &[u8]); 2] = [
        ("SCHILY.xattr.user.a", b"x\n12 path=b\n9 size=9\n"),
        ("path", b"real"),
    ];
    let archive = [extended(&pairs), plain("short", b'0', b"abc", |_| {})].concat();
    assert_eq!(read(&archive).unwrap(), [named("real", b'0', b"abc")]);
}

#[test]
fn holes_are_filled_in_every_form() {
    let expected = [named("f", b'0', b"\0\0abc\0\0de\0")];
    let stored = b"abcde";
    let size: (&str, &[u8]) = ("GNU.sparse.size", b"10");
    let name: (&str, &[u8]) = ("GNU.sparse.name", b"f");
    let oldest = [
        size,
        ("GNU.sparse.offset", b"2"),
        ("GNU.sparse.numbytes", b"3"),
        ("GNU.sparse.offset", b"7"),
        ("GNU.sparse.numbytes", b"2"),
    ];
    let archive = [extended(&oldest), plain("f", b'0', stored, |_| {})].concat();
    assert_eq!(read(&archive).unwrap(), expected);
    let older = [size, name, ("GNU.sparse.map", b"2,3,7,2")];
    let archive = [
        extended(&older),
        plain("GNUSparseFile.0/f", b'0', stored, |_| {}),
    ]
    .concat();
    assert_eq!(read(&archive).unwrap(), expected);
    let new: [(&str, &[u8]); 4] = [
        ("GNU.sparse.major", b"1"),
        ("GNU.sparse.minor", b"0"),
        name,
        ("GNU.sparse.realsize", b"10"),
    ];
    let mut content = b"2\n2\n3\n7\n2\n".to_vec();
    content.resize(BLOCK, 0);
    content.extend(stored);
    let archive = [
        extended(&new),
        plain("GNUSparseFile.0/f", b'0', &content, |_| {}),
    ]
    .concat();
    assert_eq!(read(&archive).unwrap(), expected);
    let archive = plain("f", b'S', stored, |block| {
        for (at, number) in [(386, 2), (398, 3), (410, 7), (422, 2), (483, 10)] {
            block[at..at + 11].copy_from_slice(format!("{number:011o}").as_bytes());
        }
    });
    assert_eq!(read(&archive).unwrap(), expected);
}

#[test]
fn a_map_that_does_not_fit_its_file_is_named() {
    for pairs in [
        &[("GNU.sparse.size", &b"2"[..]), ("GNU.sparse.map", b"0,3")][..],
        &[("GNU.sparse.size", b"9"), ("GNU.sparse.map", b"0,2")],
        &[("GNU.sparse.major", b"1"), ("GNU.sparse.realsize", b"9")],
        &[("GNU.sparse.major", b"3"), ("GNU.sparse.realsize", b"9")],
    ] {
        let mut content = b"zzz".to_vec();
        content.resize(if pairs.len() == 2 { 3 } else { BLOCK }, b'z');
        let archive = [extended(pairs), plain("f", b'0', &content, |_| {})].concat();
        let mut entries = Entries::new(&archive[..]);
        assert!(entries.next().unwrap().unwrap().nonsense, "{pairs:?}");
        io::copy(&mut entries, &mut io::sink()).unwrap();
        assert!(entries.next().unwrap().is_none());
    }
}

#[test]
fn what_comes_too_early_to_an_end_is_an_error() {
    let archive = [
        extended(&[("path", b"x")]),
        plain("a", b'0', &[7; 600], |_| {}),
    ]
    .concat();
    for length in (0..archive.len()).filter(|length| *length != 0) {
        let result = read(&archive[..length]);
        let is_whole = length == 1024 && result.as_ref().is_ok_and(Vec::is_empty);
        assert!(result.is_err() || is_whole, "{length}");
    }
}
