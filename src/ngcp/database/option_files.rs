//! The option files that a server reads at its start, and where they set a variable: `innodb_buffer_pool_size` in
//! `/etc/mysql/mariadb.conf.d/50-server.cnf`. The one that is read last counts.

use std::path::{Path, PathBuf};

use crate::executor::Executor;

/// Where Debian's servers begin, in this order.
const BEGIN: [&str; 2] = ["/etc/my.cnf", "/etc/mysql/my.cnf"];
/// More files, and files that are included more deeply, are not read.
const MOST_FILES: usize = 200;
const DEPTH: usize = 8;

/// A line of an option file that sets a variable of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The file.
    pub file: PathBuf,
    /// Counts from 1.
    pub line: usize,
    /// As written, without quotes.
    pub value: String,
}

/// All lines that set a variable of the server, in the order in which they are read. `begin` is the file that the
/// server was told to read instead of the usual ones.
pub fn settings(host: &dyn Executor, variable: &str, begin: Option<&str>) -> Vec<Setting> {
    let mut reading = Reading { host, variable: plain(variable), files: 0, found: Vec::new() };
    match begin {
        Some(file) => reading.file(Path::new(file), DEPTH),
        None => BEGIN.iter().for_each(|file| reading.file(Path::new(file), DEPTH)),
    }
    reading.found
}

struct Reading<'a> {
    host: &'a dyn Executor,
    variable: String,
    files: usize,
    found: Vec<Setting>,
}

impl Reading<'_> {
    fn file(&mut self, path: &Path, deeper: usize) {
        self.files += 1;
        if self.files > MOST_FILES || deeper == 0 {
            return;
        }
        let Ok(bytes) = self.host.read(path) else { return };
        let mut ours = false;
        for (number, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
            let line = line.trim();
            if let Some(folder) = line.strip_prefix("!includedir") {
                self.folder(Path::new(folder.trim()), deeper);
            } else if let Some(file) = line.strip_prefix("!include") {
                self.file(Path::new(file.trim()), deeper - 1);
            } else if let Some(group) = line.strip_prefix('[') {
                ours = is_of_server(group.split(']').next().unwrap_or_default().trim());
            } else if ours
                && let Some((name, value)) = line.split_once('=')
                && plain(name) == self.variable
            {
                let value = value.split('#').next().unwrap_or_default().trim();
                let value = value.trim_matches(['"', '\'']).to_owned();
                self.found.push(Setting { file: path.to_owned(), line: number + 1, value });
            }
        }
    }

    fn folder(&mut self, folder: &Path, deeper: usize) {
        for name in self.host.list(folder).unwrap_or_default() {
            if name.ends_with(".cnf") {
                self.file(&folder.join(name), deeper - 1);
            }
        }
    }
}

/// Dashes and underscores mean the same, and a setting may be loose.
fn plain(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase().replace('-', "_");
    name.strip_prefix("loose_").unwrap_or(&name).to_owned()
}

/// Whether a server reads a group: `mysqld`, `mariadb-10.11`; `mysqld1` where several run.
fn is_of_server(group: &str) -> bool {
    let rest = ["mysqld", "mariadbd", "mariadb", "server"].iter().find_map(|name| group.strip_prefix(name));
    let number = |c: char| c.is_ascii_digit() || c == '.' || c == '-';
    rest.is_some_and(|rest| rest.chars().all(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::simulated::Simulated;

    #[test]
    fn the_file_that_is_read_last_comes_last() {
        let host = Simulated::new()
            .file(
                "/etc/mysql/my.cnf",
                "[client]\ninnodb_buffer_pool_size = 1M\n[mysqld]\n# innodb_buffer_pool_size = 2M\n\
                 innodb-buffer-pool-size = \"64M\" # set by the platform\n!includedir /etc/mysql/conf.d\n!include /etc/mysql/last.cnf\n",
            )
            .file("/etc/mysql/conf.d/b.cnf", "[mariadb-10.11]\nloose_innodb_buffer_pool_size=3G\n")
            .file("/etc/mysql/conf.d/a.cnf", "[mysqld_safe]\ninnodb_buffer_pool_size=9G\n")
            .file("/etc/mysql/conf.d/c.cnf.bak", "[mysqld]\ninnodb_buffer_pool_size=9G\n")
            .file("/etc/mysql/last.cnf", "[server]\ninnodb_buffer_pool_size=1G\n!include /etc/mysql/last.cnf\n");
        let found = settings(&host, "innodb_buffer_pool_size", None);
        let shown: Vec<String> =
            found.iter().map(|one| format!("{}:{} {}", one.file.display(), one.line, one.value)).collect();
        assert_eq!(shown[..2], ["/etc/mysql/my.cnf:5 64M", "/etc/mysql/conf.d/b.cnf:2 3G"]);
        assert!(shown[2..].iter().all(|line| line == "/etc/mysql/last.cnf:2 1G"), "{shown:?}");
        assert_eq!(settings(&host, "innodb_buffer_pool_size", Some("/etc/mysql/conf.d/b.cnf")).len(), 1);
        assert_eq!(settings(&Simulated::new(), "innodb_buffer_pool_size", None), []);
    }
}
