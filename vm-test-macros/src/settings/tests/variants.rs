//! What becomes of settings: the variants that carry them to the runtime.

use super::{read, variant};

#[test]
fn every_key_becomes_its_variant() {
    for (key, value, expected) in [
        ("backend", r#""lxc""#, r#"Backend(text("lxc"))"#),
        ("backend", r##"r#"kvm"#"##, r#"Backend(text("kvm"))"#),
        ("image", r#""debian-12""#, r#"Image(text("debian-12"))"#),
        (
            "modules",
            r#"["8021q"]"#,
            r#"Modules(texts(&[text("8021q")]))"#,
        ),
        ("init", r#""system""#, r#"Init(text("system"))"#),
        (
            "disks",
            r#"["1M", "2G"]"#,
            "Disks(sizes(&[1048576u64,2147483648u64]))",
        ),
        ("memory", r#""512M""#, "Memory(536870912u64)"),
        ("memory", r#""1GiB""#, "Memory(1073741824u64)"),
        ("cpus", "0x10", "Cpus(16u32)"),
        ("cpus", "256", "Cpus(256u32)"),
        ("network", r#""none""#, r#"Network(text("none"))"#),
        ("network", r#""user""#, r#"Network(text("user"))"#),
        ("interfaces", "2", "Interfaces(2u32)"),
        (
            "forward",
            r#"["8080", "18081:8081"]"#,
            r#"Forward(texts(&[text("8080"),text("18081:8081")]))"#,
        ),
        ("timeout", r#""60s""#, "Timeout(60000u64)"),
        ("boot_timeout", r#""2m""#, "BootTimeout(120000u64)"),
        ("keep", r#""on-failure""#, r#"Keep(text("on-failure"))"#),
        ("keep_for", r#""2h""#, "KeepFor(7200000u64)"),
        (
            "env",
            r#"["A", "B_1"]"#,
            r#"Env(texts(&[text("A"),text("B_1")]))"#,
        ),
        ("env", "[]", "Env(texts(&[]))"),
        (
            "export",
            r#"["**/*.new"]"#,
            r#"Export(texts(&[text("**/*.new")]))"#,
        ),
        (
            "files",
            r#"[("a", "/b")]"#,
            r#"Files(placements(&[p::Placement{from:text("a"),to:text("/b"),}]))"#,
        ),
        ("mounts", "[]", "Mounts(placements(&[]))"),
        (
            "devices",
            r#"["/dev/net/tun", "/dev/fuse", "loop"]"#,
            r#"Devices(texts(&[text("/dev/net/tun"),text("/dev/fuse"),text("loop")]))"#,
        ),
        ("rollback", r#""overlay""#, r#"Rollback(text("overlay"))"#),
        ("rollback", r#""snapshot""#, r#"Rollback(text("snapshot"))"#),
        ("privileged", "true", "Privileged(true)"),
        ("privileged", "false", "Privileged(false)"),
    ] {
        let setting = read(key, value).unwrap();
        assert_eq!(setting.key(), key);
        let expected = format!("p::Setting::{expected}");
        assert_eq!(variant(&setting), expected, "{key} = {value}");
    }
}
