//! How much memory a process has held.

/// The most memory that the process has held so far, in MiB; nothing where the system does not say (Linux
/// does). What it holds between two steps would say little: a step's feature maps are gone by then.
pub(super) fn peak_memory_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}
