//! `vm-test ps`: what the daemons of this user say about themselves, as a table or as JSON.

use super::args::ReportArgs;
use super::daemons;
use super::output::{complain, harmless, say, say_json, size};
use serde_json::{Value, json};
use std::time::Duration;
use vm_test::protocol::daemon::{InstanceStatus, Reply, Request, Status};
use vm_test::protocol::failure::Failure;

/// Prints what there is.
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
            "purpose": it.purpose,
            "holder": it.holder,
            "keeper": it.keeper,
            "age_ms": it.age,
            "memory": it.memory,
        })
    };
    let daemon = |it: &Status| {
        json!({
            "pid": it.pid,
            "version": it.version,
            "uptime_s": it.uptime,
            "waiting": it.waiting,
            "memory_used": it.memory_used,
            "memory_limit": it.memory_limit,
        })
    };
    json!({
        "instances": instances(daemons).iter().map(instance).collect::<Vec<_>>(),
        "daemons": daemons.iter().map(daemon).collect::<Vec<_>>(),
    })
}

fn table(daemons: &[Status]) -> String {
    let instances = instances(daemons);
    let mut text = String::new();
    if instances.is_empty() {
        text += "no instances\n";
    } else {
        let head = [
            "INSTANCE", "GUEST", "AGE", "MEMORY", "HOLDER", "KEEPER", "WHAT", "PURPOSE",
        ];
        let mut rows = vec![head.map(str::to_owned)];
        rows.extend(instances.iter().map(|it| row(it)));
        text += &aligned(&rows);
    }
    for daemon in daemons {
        let waiting = match daemon.waiting {
            0 => "no lease waits".to_owned(),
            1 => "1 lease waits".to_owned(),
            count => format!("{count} leases wait"),
        };
        text += &format!(
            "daemon {}: {} of {} of memory promised, {waiting}\n",
            daemon.pid,
            size(daemon.memory_used),
            size(daemon.memory_limit)
        );
    }
    text
}

fn row(it: &InstanceStatus) -> [String; 8] {
    [
        harmless(&it.instance),
        harmless(&it.guest),
        age(Duration::from_millis(it.age)),
        size(it.memory),
        it.holder.to_string(),
        it.keeper.to_string(),
        harmless(&it.description),
        harmless(&it.purpose),
    ]
}

/// Columns of equal width, two spaces apart, nothing after the last one.
fn aligned<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let mut widths = [0; COLUMNS];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; COLUMNS]| {
        let cells: Vec<_> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn age(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..120 => format!("{seconds}s"),
        seconds @ 120..7200 => format!("{}m", seconds / 60),
        seconds => format!("{}h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(purpose: &str) -> Status {
        Status {
            version: "0".to_owned(),
            pid: 7,
            uptime: 1,
            instances: vec![InstanceStatus {
                instance: "host-1-1".to_owned(),
                guest: "host".to_owned(),
                description: "lxc".to_owned(),
                purpose: purpose.to_owned(),
                keeper: 9,
                holder: 8,
                age: 121_000,
                memory: 512 << 20,
            }],
            waiting: 1,
            memory_used: 512 << 20,
            memory_limit: 1 << 30,
        }
    }

    #[test]
    fn the_table_is_aligned_and_cannot_steer_the_terminal() {
        assert_eq!(
            table(&[status("tests::a\x1b")]),
            "INSTANCE  GUEST  AGE  MEMORY   HOLDER  KEEPER  WHAT  PURPOSE\n\
             host-1-1  host   2m   512 MiB  8       9       lxc   tests::a\u{fffd}\n\
             daemon 7: 512 MiB of 1 GiB of memory promised, 1 lease waits\n"
        );
        assert_eq!(table(&[]), "no instances\n");
    }

    #[test]
    fn the_document_has_every_figure_in_one_unit() {
        let document = document(&[status("t")]);
        assert_eq!(document["instances"][0]["memory"], 536_870_912);
        assert_eq!(document["daemons"][0]["waiting"], 1);
    }
}
