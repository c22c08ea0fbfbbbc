//! What this machine has, as the system tells.

use std::fs;
use std::path::Path;
use std::process::Command;

use ichflow_api::device::DeviceId;

/// Free bytes where runs would be written, as `df` says.
pub fn free_disk(out: &Path) -> Option<u64> {
    let there = out
        .ancestors()
        .find(|path| path.is_dir())
        .filter(|path| !path.as_os_str().is_empty());
    let output = Command::new("df")
        .args(["-P", "-k"])
        .arg(there.unwrap_or(Path::new(".")))
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let kibibytes: u64 = text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// Free bytes of a GPU, as `nvidia-smi` says.
pub fn gpu_memory(device: DeviceId) -> Option<u64> {
    let DeviceId::Cuda(number) = device else {
        return None;
    };
    let output = Command::new("nvidia-smi")
        .args([
            "--query-gpu=memory.free",
            "--format=csv,noheader,nounits",
            "-i",
            &number.to_string(),
        ])
        .output()
        .ok()?;
    let mebibytes: u64 = String::from_utf8(output.stdout).ok()?.trim().parse().ok()?;
    Some(mebibytes << 20)
}

/// Free and total memory in bytes, where the system tells.
pub fn memory() -> Option<(u64, u64)> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let value = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kibibytes * 1024)
    };
    Some((value("MemAvailable:")?, value("MemTotal:")?))
}
