//! The program under test on that machine: apply, undo, audit.
use std::{
    fs,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::{
    debian::{WARDEN, must, write},
    host::{Machine, TEMPLATES, processes},
};

impl Machine {
    /// Processes of the database.
    pub(crate) fn database(&self) -> Vec<u32> {
        processes(|line| line.starts_with("mariadbd") || line.contains("/mariadbd"))
    }

    /// Applies answers to the questions of the step, `auto` and `keep` as they are: exit code, what it printed as data,
    /// what it said.
    pub(crate) fn apply(&self, answers: &[(&str, &str)]) -> (i32, Value, String) {
        let lines: String = answers.iter().map(|(key, value)| format!("  {key}: {value}\n")).collect();
        write("/root/answers.yml", 0o644, &format!("schema: 1\ntuning:\n{lines}"));
        told(&warden(&["apply", "--answers", "/root/answers.yml", "--format", "json"]))
    }

    /// Takes the last run back.
    pub(crate) fn undo(&self) -> (i32, Value, String) {
        told(&warden(&["undo", "--format", "json"]))
    }

    /// All findings of the step.
    pub(crate) fn audit(&self) -> Value {
        told(&warden(&["audit", "tuning", "--format", "json", "--fail-on", "never"])).1
    }

    /// A file of the operator that the server reads after the platform's.
    pub(crate) fn another_file_decides(&self, pool: &str) {
        let path = format!("{TEMPLATES}/mysql/my.cnf.tt2");
        let main = fs::read_to_string(&path).unwrap();
        write(&path, 0o644, &format!("{main}!includedir /etc/mysql/conf.d/\n"));
        write("/etc/mysql/conf.d/zz-own.cnf", 0o644, &format!("[mysqld]\ninnodb_buffer_pool_size={pool}\n"));
        self.platform_applies();
    }

    /// A template of the platform that was changed by hand.
    pub(crate) fn template_has(&self, path: &str, from: &str, to: &str) {
        let path = format!("{TEMPLATES}/{path}.tt2");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        write(&path, 0o644, &text.replace(from, to));
        self.platform_applies();
    }

    fn platform_applies(&self) {
        must("env", &["HOME=/root", "ngcpcfg", "apply", "by hand"]);
    }
}

fn warden(args: &[&str]) -> Output {
    Command::new(WARDEN).args(args).stdin(Stdio::null()).output().unwrap()
}

fn told(output: &Output) -> (i32, Value, String) {
    let said =
        [&output.stderr, &output.stdout].map(|text| String::from_utf8_lossy(text).into_owned()).concat();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap_or_default(), said)
}
