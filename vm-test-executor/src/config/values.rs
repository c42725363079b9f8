//! The values of a decided guest as users write them, for those who read them. Reads no file.

use super::kernel::OtherKernel;
use super::placements::Placed;
use super::{Guest, Rollback};
use serde_json::{Value, json};
use vm_test_settings::limits::{DISK, MEMORY, TIME};

/// Returns the key and the value of each setting; a value that the image decides is null.
///
/// The compiler asks for a line if a setting is added.
pub(super) fn of(guest: &Guest) -> Vec<(&'static str, Value)> {
    let Guest {
        name: _,
        set_up: _,
        backend,
        accelerator: _,
        image,
        kernel,
        modules,
        init,
        memory,
        cpus,
        timeout,
        boot_timeout,
        disks,
        outside,
        interfaces,
        forward,
        keep,
        keep_for,
        env,
        export,
        files,
        mounts,
        expose,
        devices,
        rollback,
        privileged,
    } = guest;
    let time = |millis: &u64| json!(TIME.scale.show(*millis));
    let disks: Vec<_> = disks.iter().map(|size| DISK.scale.show(*size)).collect();
    let placed = |list: &[Placed]| json!(list.iter().map(Placed::value).collect::<Vec<_>>());
    let forward: Vec<_> = forward.iter().map(ToString::to_string).collect();
    let export: Vec<_> = export.iter().map(ToString::to_string).collect();
    vec![
        ("backend", json!(backend.name())),
        ("accelerator", json!(guest.accelerator().name())),
        ("image", json!(image)),
        ("kernel", json!(kernel.as_ref().map(OtherKernel::text))),
        ("modules", json!(modules)),
        ("init", json!(init.map(super::Init::name))),
        ("memory", json!(MEMORY.scale.show(*memory))),
        ("cpus", json!(cpus)),
        ("network", json!(if *outside { "user" } else { "none" })),
        ("interfaces", json!(interfaces)),
        ("forward", json!(forward)),
        ("timeout", time(timeout)),
        ("boot_timeout", time(boot_timeout)),
        ("disks", json!(disks)),
        ("keep", json!(if *keep { "on-failure" } else { "never" })),
        ("keep_for", time(keep_for)),
        ("env", json!(env)),
        ("export", json!(export)),
        ("files", placed(files)),
        ("mounts", placed(mounts)),
        ("expose", json!(expose)),
        ("devices", json!(devices)),
        (
            "rollback",
            json!(rollback.unwrap_or(Rollback::Overlay).name()),
        ),
        ("privileged", json!(privileged)),
    ]
}
