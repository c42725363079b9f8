//! The entries of an archive in stream order, with names and attributes from wherever the tar
//! format keeps them, and with holes filled. Checks only the structure.

use super::extended::{self, Pair, value};
use super::header::{BLOCK, Header};
use super::sparse::{self, Map, SparseInfo};
use std::io::{self, Read};

/// How many bytes are skipped at a time.
const CHUNK: usize = 1 << 16;

/// An entry of an archive.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: Vec<u8>,
    pub(super) target: Vec<u8>,
    /// The type flag of the header.
    pub(super) kind: u8,
    pub(super) user: Option<i64>,
    pub(super) group: Option<i64>,
    pub(super) mode: Option<i64>,
    /// The modification time, in seconds since 1970.
    pub(super) time: i64,
    /// The length of the content, including holes.
    pub(super) size: u64,
    /// The pairs in its extended headers.
    pub(super) pairs: Vec<Pair>,
    /// Whether it has a sparse map that cannot be parsed.
    pub(super) nonsense: bool,
}

/// Iterates over the entries; as a reader, yields the content of the current one.
#[derive(Debug)]
pub(super) struct Entries<R> {
    from: R,
    /// What remains of the content, and the padding of its last block.
    left: u64,
    padding: u64,
    holes: Option<Map>,
    position: u64,
    /// The pairs of global headers, which apply to all following entries.
    globals: Vec<Pair>,
}

fn bad() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

impl<R: Read> Entries<R> {
    pub(super) fn new(from: R) -> Self {
        Self {
            from,
            left: 0,
            padding: 0,
            holes: None,
            position: 0,
            globals: Vec::new(),
        }
    }

    /// Returns the rest of the stream, after the end of the archive.
    pub(super) fn into_inner(self) -> R {
        self.from
    }

    /// Returns the next entry, or `None` at the end of the archive or of the stream.
    pub(super) fn next(&mut self) -> io::Result<Option<Member>> {
        let (mut long_name, mut long_target, mut pairs) = (None, None, Vec::new());
        loop {
            self.skip()?;
            let mut block = [0; BLOCK];
            if !self.block(&mut block)? || block.iter().all(|&byte| byte == 0) {
                return Ok(None);
            }
            let header = Header(&block);
            let size = header.size().and_then(|size| u64::try_from(size).ok());
            let (true, Some(size)) = (header.is_right(), size) else {
                return Err(bad());
            };
            match header.kind() {
                b'L' => long_name = Some(self.text(size)?),
                b'K' => long_target = Some(self.text(size)?),
                b'x' | b'X' => pairs = extended::pairs(&self.whole(size)?).ok_or_else(bad)?,
                b'g' => {
                    let more = extended::pairs(&self.whole(size)?).ok_or_else(bad)?;
                    self.globals.extend(more);
                }
                // The volume label.
                b'V' => self.expect(size),
                _ => {
                    return self
                        .member(&header, size, [long_name, long_target], pairs)
                        .map(Some);
                }
            }
        }
    }

    fn member(
        &mut self,
        header: &Header<'_>,
        size: u64,
        [long_name, long_target]: [Option<Vec<u8>>; 2],
        own: Vec<Pair>,
    ) -> io::Result<Member> {
        let pairs: Vec<Pair> = self.globals.iter().cloned().chain(own).collect();
        let said = |key: &str| value(&pairs, key.as_bytes()).map(<[u8]>::to_vec);
        let name = said("GNU.sparse.name").or(said("path")).or(long_name);
        let name = name.unwrap_or_else(|| header.name());
        let target = said("linkpath").or(long_target);
        let target = target.unwrap_or_else(|| header.target());
        let kind = match header.kind() {
            // The oldest archives mark directories only this way, and later formats still honour
            // it.
            b'\0' | b'0' if name.ends_with(b"/") => b'5',
            b'\0' | b'7' => b'0',
            // A directory in an incremental backup, with a list of its contents.
            b'D' => b'5',
            kind => kind,
        };
        let size = match (header.kind(), said("size")) {
            // These have no content, whatever size the header gives.
            (b'1'..=b'6', _) => 0,
            (_, Some(text)) => extended::number(&text).ok_or_else(bad)?,
            (_, None) => size,
        };
        self.expect(size);
        let mut member = Member {
            name,
            target,
            kind,
            user: header.user(),
            group: header.group(),
            mode: header.mode(),
            time: header.time().unwrap_or(0),
            size: self.left,
            nonsense: false,
            pairs,
        };
        let map = match (kind, sparse::of_pairs(&member.pairs)) {
            (b'S', _) => self.old_map(header)?,
            (_, SparseInfo::NotSparse) => return Ok(member),
            (_, SparseInfo::Map(map)) => Some(map),
            (_, SparseInfo::MapInContent(size)) => self.map_ahead(size)?,
            (_, SparseInfo::Invalid) => None,
        };
        match map.filter(|map| map.is_right(self.left)) {
            Some(map) => {
                member.size = map.size;
                self.holes = Some(map);
            }
            None => member.nonsense = true,
        }
        if kind == b'S' {
            member.kind = b'0';
        }
        Ok(member)
    }

    /// Reads the map of an old sparse file, which may continue in further blocks.
    fn old_map(&mut self, header: &Header<'_>) -> io::Result<Option<Map>> {
        let (parts, mut more) = header.map();
        let mut parts = parts.ok_or_else(bad)?;
        while more {
            let mut block = [0; BLOCK];
            if !self.block(&mut block)? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let (added, further) = Header(&block).more_of_map();
            parts.extend(added.ok_or_else(bad)?);
            more = further;
        }
        let size = header.real_size().and_then(|size| u64::try_from(size).ok());
        Ok(size.map(|size| Map { parts, size }))
    }

    /// Reads a map at the beginning of the content.
    ///
    /// It consists of lines of decimal numbers, the first of which is the number of parts.
    fn map_ahead(&mut self, size: u64) -> io::Result<Option<Map>> {
        let (mut count, mut numbers) = (None, Vec::new());
        let mut line = Vec::new();
        while count.is_none_or(|count| numbers.len() as u64 != count) {
            let mut block = [0; BLOCK];
            let Some(left) = self.left.checked_sub(BLOCK as u64) else {
                return Ok(None);
            };
            if !self.block(&mut block)? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.left = left;
            for byte in block {
                match byte {
                    b'0'..=b'9' if line.len() < 20 => line.push(byte),
                    b'\n' => {
                        let Some(number) = extended::number(&line) else {
                            return Ok(None);
                        };
                        line.clear();
                        match count {
                            None => count = number.checked_mul(2),
                            Some(_) => numbers.push(number),
                        }
                        if count.is_none_or(|count| numbers.len() as u64 == count) {
                            break;
                        }
                    }
                    _ => return Ok(None),
                }
            }
            if count.is_none() && line.is_empty() {
                return Ok(None);
            }
        }
        Ok(sparse::of_numbers(&numbers, size))
    }

    /// Begins a content of `size` bytes.
    fn expect(&mut self, size: u64) {
        let block = BLOCK as u64;
        self.left = size;
        self.padding = (block - size % block) % block;
        self.holes = None;
        self.position = 0;
    }

    /// Reads a whole content that belongs to a header, not to a file.
    fn whole(&mut self, size: u64) -> io::Result<Vec<u8>> {
        self.expect(size);
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn text(&mut self, size: u64) -> io::Result<Vec<u8>> {
        let mut bytes = self.whole(size)?;
        // The name ends at the first NUL.
        let end = bytes.iter().position(|&byte| byte == 0);
        bytes.truncate(end.unwrap_or(bytes.len()));
        Ok(bytes)
    }

    /// Skips the rest of the content and its padding.
    fn skip(&mut self) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK];
        let mut left = self.left.saturating_add(self.padding);
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            match self.from.read(&mut chunk[..most])? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                length => left -= length as u64,
            }
        }
        (self.left, self.padding) = (0, 0);
        Ok(())
    }

    /// Reads a block; returns false if the stream ends before it.
    fn block(&mut self, block: &mut [u8; BLOCK]) -> io::Result<bool> {
        let mut done = 0;
        while done < BLOCK {
            match self.from.read(&mut block[done..]) {
                Ok(0) if done == 0 => return Ok(false),
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => done += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

impl<R: Read> Read for Entries<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (run, is_content) = match &self.holes {
            Some(map) => map.run(self.position),
            None => (self.left, true),
        };
        let most = usize::try_from(run).unwrap_or(usize::MAX).min(buffer.len());
        let buffer = &mut buffer[..most];
        let length = if is_content {
            self.from.read(buffer)?
        } else {
            buffer.fill(0);
            most
        };
        if length == 0 && most > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.position += length as u64;
        if is_content {
            self.left -= length as u64;
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests;
