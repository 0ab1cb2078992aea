//! What the kernel says of one process. Linux only, as `/proc` is.

use std::fs;

/// Processor time of a process, its threads that ended included.
pub fn cpu_ms(pid: u32) -> f64 {
    let stat = read(pid, "stat");
    // The name in parentheses may hold spaces; the fields after it are numbers, the first of them the third of all.
    let (_, fields) = stat.rsplit_once(')').expect("a process's line");
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks: f64 = [11, 12].map(|field| number(fields[field])).iter().sum();
    ticks * 10.0 // a tick is 10 ms on every Linux
}

/// Memory in use, in MiB.
pub fn rss_mib(pid: u32) -> f64 {
    field(&read(pid, "status"), "VmRSS:") / 1024.0
}

/// How often a thread of the process went to sleep, which is how often one was woken.
pub fn wakeups(pid: u32) -> f64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("a running process");
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("status")).ok())
        .map(|status| field(&status, "voluntary_ctxt_switches:"))
        .sum()
}

fn read(pid: u32, name: &str) -> String {
    fs::read_to_string(format!("/proc/{pid}/{name}")).expect("a running process")
}

fn field(status: &str, name: &str) -> f64 {
    let found = status.lines().find_map(|line| line.strip_prefix(name));
    number(
        found
            .and_then(|rest| rest.split_whitespace().next())
            .expect("a field of the kernel's"),
    )
}

fn number(text: &str) -> f64 {
    text.parse().expect("a number")
}
