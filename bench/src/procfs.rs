//! What the kernel tells about processes: processor time, memory, and whether one runs.

/// The kernel reports processor time to programs in hundredths of a second.
const TICKS_PER_SECOND: f64 = 100.0;

/// Whether a process can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It runs or waits.
    Running,
    /// Stopped by a signal.
    Stopped,
    /// Gone, or a zombie.
    Gone,
}

/// Seconds of processor time that a process has used, `None` if it is gone. Pid 0 is this process.
pub fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = stat_fields(pid)?;
    // Fields 14 and 15 of the whole line: user and system time.
    let ticks = stat.get(11)?.parse::<f64>().ok()? + stat.get(12)?.parse::<f64>().ok()?;
    Some(ticks / TICKS_PER_SECOND)
}

/// Whether a process runs.
pub fn life(pid: u32) -> Life {
    match stat_fields(pid).as_deref().and_then(<[String]>::first).map(String::as_str) {
        None | Some("Z" | "X" | "x") => Life::Gone,
        Some("T" | "t") => Life::Stopped,
        Some(_) => Life::Running,
    }
}

/// Memory in use by a process alone, without what it maps from files, in bytes.
pub fn anonymous_bytes(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|l| l.starts_with("RssAnon:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// The fields behind the program's name, which may itself hold blanks and brackets.
fn stat_fields(pid: u32) -> Option<Vec<String>> {
    let path = if pid == 0 { "/proc/self/stat".into() } else { format!("/proc/{pid}/stat") };
    let line = std::fs::read_to_string(path).ok()?;
    let (_, rest) = line.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_runs_and_has_memory_and_no_process_4194305_does() {
        let me = std::process::id();
        assert_eq!(life(me), Life::Running);
        assert!(anonymous_bytes(me).unwrap() > 0);
        assert!(cpu_seconds(0).is_some());
        assert_eq!(life(4_194_305), Life::Gone);
    }
}
