//! Room on the disk where the database is.

use std::path::Path;

use rustix::fs::statvfs;

use super::finding::Finding;
use crate::app;
use crate::cli::words::bytes;
use crate::config::Config;
use crate::store::Place;

const ABOUT: &str = "disk";
const MIB: u64 = 1 << 20;
/// Under this, the next large run may not find room.
const SCARCE: u64 = 100 * MIB;
/// Under this, somebody should look after it.
const LITTLE: u64 = 1024 * MIB;

/// None where the disk is another machine's.
pub fn look(config: &Config) -> Option<Finding> {
    let Place::File(file) = app::place(config) else { return None };
    let folder = folder_of(&file);
    let size = file.metadata().map_or(0, |file| file.len());
    Some(match statvfs(folder) {
        Ok(disk) => judge(disk.f_bavail.saturating_mul(disk.f_frsize), size, folder),
        Err(error) => {
            Finding::warning(ABOUT, format!("how full it is at {} cannot be said: {error}", folder.display()))
        }
    })
}

/// An upgrade copies the database before it changes it, so there should be room for a second one.
fn judge(free: u64, size: u64, folder: &Path) -> Finding {
    let what = format!("{} free in {}", bytes(free), folder.display());
    let fix = "make room there, or move the database and change storage.url";
    if free < SCARCE {
        Finding::problem(ABOUT, what, fix)
    } else if free < LITTLE.max(size) {
        let wanted = if free < size { "; a copy of the database would not fit" } else { "" };
        Finding::warning(ABOUT, format!("only {what}{wanted}")).then(fix)
    } else {
        Finding::ok(ABOUT, what)
    }
}

/// `.` for a file that is named alone.
pub fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn there_should_be_room_for_a_second_database() {
        let level = |free: u64, size: u64| judge(free * MIB, size * MIB, Path::new("x")).level;
        assert_eq!(level(50, 1), Level::Problem);
        assert_eq!(level(500, 1), Level::Warning);
        assert_eq!(level(5_000, 1), Level::Ok);
        assert_eq!(level(5_000, 6_000), Level::Warning);
        assert_eq!(judge(1_550_000_000, 1, Path::new("x")).what, "1.5 GB free in x");
    }
}
