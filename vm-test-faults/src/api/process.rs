//! What this process uses, as `/proc` tells it, under the names that Prometheus' own clients give
//! these metrics.

use std::fs;

/// A metric of the process.
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) help: &'static str,
    pub(super) value: f64,
}

/// What `/proc` says of this process.
pub(super) struct Process {
    /// The fields of `stat` behind the program's name: the first one is the state.
    stat: Vec<String>,
    open: usize,
    limits: String,
    boot: f64,
}

impl Process {
    pub(super) fn read() -> Self {
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let stat = text("/proc/self/stat");
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let system = text("/proc/stat");
        let boot = system.lines().find_map(|line| line.strip_prefix("btime "));
        Self {
            stat: fields.split_whitespace().map(str::to_owned).collect(),
            open: fs::read_dir("/proc/self/fd").map_or(0, Iterator::count),
            limits: text("/proc/self/limits"),
            boot: boot
                .and_then(|boot| boot.trim().parse().ok())
                .unwrap_or(0.0),
        }
    }

    pub(super) fn metrics(&self) -> Vec<Metric> {
        let ticks = rustix::param::clock_ticks_per_second().max(1) as f64;
        let page = rustix::param::page_size() as f64;
        let tasks = tokio::runtime::Handle::try_current();
        let tasks = tasks.map_or(0, |runtime| runtime.metrics().num_alive_tasks());
        let metric = |name, kind, help, value| Metric {
            name,
            kind,
            help,
            value,
        };
        vec![
            metric(
                "process_cpu_seconds_total",
                "counter",
                "Processor time in user and system mode, in seconds.",
                (self.field(14) + self.field(15)) / ticks,
            ),
            metric(
                "process_max_fds",
                "gauge",
                "How many file descriptors may be open.",
                self.limit("Max open files"),
            ),
            metric(
                "process_open_fds",
                "gauge",
                "How many file descriptors are open.",
                self.open as f64,
            ),
            metric(
                "process_resident_memory_bytes",
                "gauge",
                "Resident memory in bytes.",
                self.field(24) * page,
            ),
            metric(
                "process_start_time_seconds",
                "gauge",
                "When the process started, in seconds since 1970.",
                self.boot + self.field(22) / ticks,
            ),
            metric(
                "process_virtual_memory_bytes",
                "gauge",
                "Virtual memory in bytes.",
                self.field(23),
            ),
            metric(
                "tokio_alive_tasks",
                "gauge",
                "How many tasks of the runtime are alive.",
                tasks as f64,
            ),
        ]
    }

    /// Returns a field of `stat` by the number that proc(5) gives it.
    fn field(&self, number: usize) -> f64 {
        let field = self.stat.get(number - 3);
        field.and_then(|field| field.parse().ok()).unwrap_or(0.0)
    }

    fn limit(&self, name: &str) -> f64 {
        let line = self.limits.lines().find_map(|line| line.strip_prefix(name));
        let soft = line.and_then(|line| line.split_whitespace().next());
        soft.and_then(|soft| soft.parse().ok())
            .unwrap_or(f64::INFINITY)
    }
}
