//! What is free on disks, and how they are mounted.

use std::path::{Path, PathBuf};

use super::super::facts::Facts;
use crate::{
    executor::{Executor, Resources},
    finding::one_line,
    host::mounts::{self, Mount},
    ngcp::logs,
};

const MB: f64 = 1024.0 * 1024.0;

/// The disks of the host and how they are mounted.
pub(super) struct Disks<'a> {
    pub(super) host: &'a dyn Executor,
    pub(super) resources: Option<Resources>,
}

impl Disks<'_> {
    /// Takes down what is free on the disk of a folder.
    pub(super) fn put_free(&self, folder: &Path, name: &str, facts: &mut Facts) {
        let place = self.place(folder);
        let disks = self.resources.as_ref().map(|resources| resources.disks.as_slice()).unwrap_or_default();
        let disk = disks.iter().filter(|disk| place.starts_with(&disk.mounted_on));
        match disk.max_by_key(|disk| disk.mounted_on.components().count()) {
            Some(disk) => {
                let free = disk.total.saturating_sub(disk.used) as f64 / MB;
                facts.put(name, free, &format!("the disk on {}", disk.mounted_on.display()));
            }
            None => facts.unseen.push(format!("free disk beside {}: not told", folder.display())),
        }
    }

    /// How the disk of a folder is mounted: "/var/lib/mysql lies on /dev/vda1 (ext4, rw,noatime)".
    pub(super) fn mounted(&self, folder: &Path) -> Option<String> {
        let mount = self.mount(folder)?;
        let options = mount.options.join(",");
        let words = format!("{} lies on {} ({}, {options})", folder.display(), mount.source, mount.kind);
        Some(one_line(&words))
    }

    fn mount(&self, folder: &Path) -> Option<Mount> {
        let place = self.place(folder);
        let mounts = mounts::mounts(self.host).ok()?;
        let over = mounts.into_iter().filter(|mount| place.starts_with(&mount.target));
        // Of several on one point the last one is seen.
        over.max_by_key(|mount| mount.target.components().count())
    }

    /// Where a folder is, links of it and of the folders above followed.
    fn place(&self, folder: &Path) -> PathBuf {
        let mut place = PathBuf::from("/");
        for part in folder.components().skip(1) {
            place = logs::real(self.host, &place.join(part));
        }
        place
    }
}
