//! What is mounted right now, from `/proc/self/mountinfo`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::fstab::unescaped;
use crate::executor::Executor;

/// Where the kernel tells what is mounted for us.
const MOUNTINFO: &str = "/proc/self/mountinfo";

/// One mounted file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Where.
    pub target: PathBuf,
    /// Which folder of the file system is seen there: `/`, unless it is a bind mount or a subvolume.
    pub root: PathBuf,
    /// Options of this mount point: `rw`, `nosuid`, `relatime`.
    pub options: Vec<String>,
    /// File system type.
    pub kind: String,
    /// Device or word.
    pub source: String,
}

impl Mount {
    /// Whether one of the options is exactly this.
    pub fn has_option(&self, option: &str) -> bool {
        self.options.iter().any(|one| one == option)
    }
}

/// Everything that is mounted, in the kernel's order.
///
/// # Errors
/// When mountinfo cannot be read. Lines that cannot be understood are passed over.
pub fn mounts(host: &dyn Executor) -> Result<Vec<Mount>> {
    let bytes = host.read(Path::new(MOUNTINFO)).with_context(|| format!("cannot read {MOUNTINFO}"))?;
    Ok(String::from_utf8_lossy(&bytes).lines().filter_map(mount).collect())
}

/// What is seen at `target`: of several mounts on one point the last one.
pub fn at<'a>(mounts: &'a [Mount], target: &Path) -> Option<&'a Mount> {
    mounts.iter().rev().find(|mount| mount.target == target)
}

/// `ID PARENT MAJOR:MINOR ROOT TARGET OPTIONS [OPTIONAL…] - TYPE SOURCE SUPER` (proc(5)).
fn mount(line: &str) -> Option<Mount> {
    let (place, system) = line.split_once(" - ")?;
    let mut place = place.split(' ').skip(3);
    let (root, target, options) = (place.next()?, place.next()?, place.next()?);
    let mut system = system.split(' ');
    let (kind, source) = (system.next()?, system.next()?);
    Some(Mount {
        target: unescaped(target.as_bytes()),
        root: unescaped(root.as_bytes()),
        options: options.split(',').map(str::to_owned).collect(),
        kind: kind.to_owned(),
        source: unescaped(source.as_bytes()).to_string_lossy().into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_optional_fields_and_over_mounts_are_understood() {
        let text = "22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw,errors=remount-ro\n\
                    23 22 0:21 / /proc rw,nosuid - proc proc rw\n\
                    30 22 259:3 / /srv/a\\040b\\134c rw,noatime shared:2 master:1 - xfs /dev/sd\\040b rw\n\
                    31 22 0:40 / / rw,noatime - tmpfs none rw\n\
                    nonsense\n\n31 22 - \n";
        let found: Vec<Mount> = text.lines().filter_map(mount).collect();
        assert_eq!(found.len(), 4);
        assert_eq!(at(&found, Path::new("/")).map(|m| m.kind.as_str()), Some("tmpfs"));
        let odd = at(&found, Path::new("/srv/a b\\c")).unwrap();
        assert!(odd.has_option("noatime") && !odd.has_option("relatime"));
        assert_eq!((odd.kind.as_str(), odd.source.as_str()), ("xfs", "/dev/sd b"));
        assert_eq!(at(&found, Path::new("/srv")), None);
    }
}
