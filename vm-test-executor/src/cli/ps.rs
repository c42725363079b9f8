//! `vm-test ps`: what the daemons of this user say about themselves, as a table or as JSON.

use super::args::ReportArgs;
use super::daemons;
use super::output::{self, complain, duration, harmless, say, say_json, size};
use serde_json::{Value, json};
use std::time::Duration;
use vm_test_protocol::daemon::{Reply, Request};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::status::{InstanceStatus, Status};

/// Prints the instances of all daemons.
pub(super) fn print(args: ReportArgs) -> Result<(), Failure> {
    let mut daemons = Vec::new();
    let mut silent = 0;
    for socket in daemons::sockets()? {
        match daemons::ask(&socket, &Request::Status) {
            Ok(Some(Reply::Status(status))) => daemons.push(status),
            Ok(None) => {}
            Ok(Some(other)) => {
                silent += 1;
                complain(&Failure::new(format!(
                    "cannot understand the daemon at {}: it said {other:?}",
                    socket.display()
                )));
            }
            Err(failure) => {
                silent += 1;
                complain(&failure);
            }
        }
    }
    if args.json {
        say_json(&document(&daemons))?;
    } else {
        say(&table(&daemons))?;
    }
    match silent {
        0 => Ok(()),
        1 => Err(Failure::new(
            "cannot list everything: a daemon did not answer",
        )),
        _ => Err(Failure::new(format!(
            "cannot list everything: {silent} daemons did not answer"
        ))),
    }
}

fn instances(daemons: &[Status]) -> Vec<&InstanceStatus> {
    let mut instances: Vec<_> = daemons
        .iter()
        .flat_map(|daemon| &daemon.instances)
        .collect();
    instances.sort_by_key(|instance| std::cmp::Reverse(instance.age));
    instances
}

fn document(daemons: &[Status]) -> Value {
    let instance = |it: &&InstanceStatus| {
        json!({
            "instance": it.instance,
            "guest": it.guest,
            "description": it.description,
            "kernel": it.kernel,
            "purpose": it.purpose,
            "holder": it.holder,
            "keeper": it.keeper,
            "age_ms": millis(it.age),
            "memory": it.memory_bytes,
            "lab": it.lab.as_ref().map(|node| json!({ "lab": node.lab, "node": node.node })),
            "kept": it.kept.map(|kept| json!({
                "expires_in_ms": millis(kept.expires_in),
                "attached": kept.attached,
            })),
        })
    };
    let daemon = |it: &Status| {
        json!({
            "pid": it.pid,
            "version": it.version,
            "uptime_s": it.uptime.as_secs(),
            "waiting": it.waiting,
            "spares": it.spares,
            "memory_used": it.memory_used_bytes,
            "memory_limit": it.memory_limit_bytes,
        })
    };
    json!({
        "instances": instances(daemons).iter().map(instance).collect::<Vec<_>>(),
        "daemons": daemons.iter().map(daemon).collect::<Vec<_>>(),
    })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn table(daemons: &[Status]) -> String {
    let instances = instances(daemons);
    let mut text = String::new();
    if instances.is_empty() {
        text += "no instances\n";
    } else {
        let head = [
            "INSTANCE", "GUEST", "AGE", "KEPT", "MEMORY", "HOLDER", "KEEPER", "WHAT", "PURPOSE",
        ];
        let mut rows = vec![head.map(str::to_owned)];
        rows.extend(instances.iter().map(|it| row(it)));
        text += &output::table(&rows);
    }
    for daemon in daemons {
        let waiting = match daemon.waiting {
            0 => "no lease waits".to_owned(),
            1 => "1 lease waits".to_owned(),
            count => format!("{count} leases wait"),
        };
        let kept = daemon.instances.iter().filter(|it| it.kept.is_some());
        let stays = match kept.count() {
            0 => String::new(),
            1 => "; it stays for 1 kept instance".to_owned(),
            count => format!("; it stays for {count} kept instances"),
        };
        let spares = match daemon.spares {
            0 => String::new(),
            1 => "; 1 spare VM waits for a lease".to_owned(),
            count => format!("; {count} spare VMs wait for leases"),
        };
        text += &format!(
            "daemon {}: {} of {} of memory reserved, {waiting}{stays}{spares}\n",
            daemon.pid,
            size(daemon.memory_used_bytes),
            size(daemon.memory_limit_bytes)
        );
    }
    text
}

fn row(it: &InstanceStatus) -> [String; 9] {
    let (kept, holder) = match it.kept {
        None => ("-".to_owned(), it.holder.to_string()),
        Some(kept) if kept.attached => ("attached".to_owned(), "-".to_owned()),
        Some(kept) => {
            let left = duration(kept.expires_in);
            (format!("{left} left"), "-".to_owned())
        }
    };
    [
        harmless(&it.instance),
        harmless(&it.guest),
        duration(it.age),
        kept,
        size(it.memory_bytes),
        holder,
        it.keeper.to_string(),
        harmless(&format!("{}, kernel {}", it.description, it.kernel)),
        match &it.lab {
            Some(node) => harmless(&format!("{} (lab {})", it.purpose, node.lab)),
            None => harmless(&it.purpose),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use vm_test_protocol::status::KeptStatus;

    fn status(purpose: &str) -> Status {
        Status {
            version: "0".to_owned(),
            pid: 7,
            uptime: Duration::from_secs(1),
            instances: vec![InstanceStatus {
                instance: "host-1-1".to_owned(),
                guest: "host".to_owned(),
                description: "lxc".to_owned(),
                kernel: "6.1".to_owned(),
                purpose: purpose.to_owned(),
                keeper: 9,
                holder: 8,
                age: Duration::from_secs(121),
                memory_bytes: 512 << 20,
                lab: None,
                kept: None,
            }],
            labs: Vec::new(),
            waiting: 1,
            spares: 0,
            memory_used_bytes: 512 << 20,
            memory_limit_bytes: 1 << 30,
        }
    }

    #[test]
    fn the_table_is_aligned_and_cannot_steer_the_terminal() {
        assert_eq!(
            table(&[status("tests::a\x1b")]),
            "INSTANCE  GUEST  AGE  KEPT  MEMORY   HOLDER  KEEPER  WHAT             PURPOSE\n\
             host-1-1  host   2m   -     512 MiB  8       9       lxc, kernel 6.1  tests::a\u{fffd}\n\
             daemon 7: 512 MiB of 1 GiB of memory reserved, 1 lease waits\n"
        );
        assert_eq!(table(&[]), "no instances\n");
    }

    #[test]
    fn a_kept_instance_is_marked_with_the_time_that_it_has_left() {
        let mut daemon = status("t");
        for (attached, cell) in [(false, "30m left"), (true, "attached")] {
            daemon.instances[0].kept = Some(KeptStatus {
                expires_in: Duration::from_millis(1_800_999),
                attached,
            });
            let table = table(std::slice::from_ref(&daemon));
            let row = table.lines().nth(1).unwrap();
            assert!(row.contains(cell), "{row}");
            assert!(
                table.ends_with("1 lease waits; it stays for 1 kept instance\n"),
                "{table}"
            );
        }
        let document = document(&[daemon]);
        assert_eq!(
            document["instances"][0]["kept"],
            json!({ "expires_in_ms": 1_800_999, "attached": true })
        );
    }

    #[test]
    fn the_document_has_every_figure_in_one_unit() {
        let document = document(&[status("t")]);
        assert_eq!(document["instances"][0]["memory"], 536_870_912);
        assert_eq!(document["daemons"][0]["waiting"], 1);
    }
}
