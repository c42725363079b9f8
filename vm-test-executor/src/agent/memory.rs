//! How much memory the guest's processes use, for guests whose limit the kernel does not hold. Reads `/proc`.

use std::fs;

/// The memory that belongs to the guest's processes alone, in bytes.
pub(super) fn in_use() -> u64 {
    let page = rustix::param::page_size() as u64;
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter(|entry| {
            entry
                .file_name()
                .as_encoded_bytes()
                .iter()
                .all(u8::is_ascii_digit)
        })
        .filter_map(|entry| fs::read_to_string(entry.path().join("statm")).ok())
        .filter_map(|text| own_pages(&text))
        .sum::<u64>()
        * page
}

/// Resident pages less those that are shared with files or other processes.
fn own_pages(statm: &str) -> Option<u64> {
    let mut fields = statm.split(' ').map(str::parse::<u64>);
    let resident = fields.nth(1)?.ok()?;
    let shared = fields.next()?.ok()?;
    Some(resident.saturating_sub(shared))
}

#[cfg(test)]
mod tests {
    #[test]
    fn pages_of_files_do_not_count() {
        assert_eq!(super::own_pages("900 300 100 5 0 50 0\n"), Some(200));
        assert_eq!(super::own_pages("nonsense"), None);
    }
}
