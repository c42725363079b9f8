//! What a pass hands on, and where it stops; the words for each bad entry are the end-to-end suite's.

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
        into: None,
    }
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
    pass(&order(Kind::Root), &archive(&files)[..], &mut out).unwrap_or_else(|_| panic!());
    let mut read = Archive::new(&out[..]);
    let mut names = Vec::new();
    for entry in read.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let name = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        assert_eq!(entry.header().mode().unwrap(), 0o4755);
        assert_eq!(entry.header().uid().unwrap(), 7);
        names.push((name, content));
    }
    let expected = files.map(|(name, content)| (name.to_owned(), content.to_vec()));
    assert_eq!(names, expected);
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
    let Ok(found) = pass(&order(Kind::Layer), &archive(&files)[..], io::sink()) else {
        panic!("refused");
    };
    assert_eq!(found.removed.paths, [b"etc/passwd"]);
    assert_eq!(found.removed.directories, [b"var"]);
    let Ok(found) = pass(&order(Kind::Root), &archive(&files)[..], io::sink()) else {
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
        // Either way is fine, as long as it comes to an end.
        let _ = pass(&order(Kind::Root), &flipped[..], io::sink());
    }
}
