//! The power fails. What was not yet on the disk is lost; what was promised is not.

use super::{
    host::{NEW_PASSWORD, fresh},
    machine::{Machine, Off},
};

/// F04, F58: while a change waits, right after the end of a run, and twice in the middle of taking one back.
#[test]
fn whenever_the_power_is_cut_the_host_comes_back_and_the_run_can_be_settled() {
    let mut machine = fresh();
    let before = machine.state();
    let run = machine.apply_until_it_waits("/root/all.yml --secrets /root/secrets --confirm-within 3600");
    assert!(!machine.opens("by-password sipwise"));

    let mut machine = machine.cut_power().boot();
    machine.shell.until(&format!("ngcp-warden history | grep '^{run} .* failed '"));
    let shown = machine.shell.ok("ngcp-warden show");
    assert!(shown.contains("nobody confirmed it in time"), "{shown}");
    assert!(!shown.contains("NOT taken back") && !shown.contains("neither"), "{shown}");
    assert_eq!(ssh_of(&machine.state()), ssh_of(&before));
    assert!(machine.opens("by-key true") && machine.opens(&format!("by-password {NEW_PASSWORD}")));
    assert_eq!(machine.shell.ok("systemctl list-units --failed --no-legend"), "", "a unit failed");
    assert_eq!(machine.shell.ok("ls -A /var/lib/ngcp-warden/runs/*/ | grep guard || true"), "");
    machine.undo(&run);
    assert_eq!(machine.state(), before);

    machine.begin("apply --answers /root/all.yml --secrets /root/secrets --confirm none");
    let (code, said) = machine.end();
    assert_eq!(code, 0, "{said}");
    let mut machine = machine.cut_power().boot();
    machine.shell.until("systemctl is-active ssh");
    assert!(machine.opens("by-key true") && !machine.opens(&format!("by-password {NEW_PASSWORD}")));
    let stands = machine.shell.ok("ngcp-warden show | sed '1,/^Now:/d'");
    assert!(stands.lines().all(|line| line.ends_with(": done")), "{stands}");
    let run = machine.newest_run();
    machine.shell.ok("ngcp-warden apply --answers /root/noatime.yml");
    let noatime = machine.newest_run();

    // With a question at its end it would be taken back at the boot; without one it stays in the middle.
    let undo = format!("undo {run} --confirm none");
    let mut machine = cut_in_the_middle(machine, &undo, 3).boot();
    assert_eq!(machine.shell.ok("findmnt -no OPTIONS /"), "rw,noatime,errors=remount-ro\n");
    let (code, said) = machine.shell.run("ngcp-warden apply --answers /root/ssh.yml");
    assert!(code == 1 && said.contains("was cut off before its end"), "{code}: {said}");
    let mut machine = cut_in_the_middle(machine, "apply --continue", 6).boot();
    let (code, said) = machine.shell.run("ngcp-warden apply --continue");
    assert_eq!(code, 0, "{said}");
    machine.undo(&noatime);
    assert_eq!(machine.state(), before);
    assert!(machine.opens("by-key true") && machine.opens("by-password sipwise"));
}

/// While taking a run back waits for a word: what could cut off is as the run had left it.
#[test]
fn what_was_taken_back_and_not_confirmed_is_there_again_after_the_power_was_cut() {
    let mut machine = fresh();
    let before = machine.state();
    let run = machine.apply_until_it_waits("/root/all.yml --secrets /root/secrets --confirm-within 3600");
    machine.shell.ok("from-elsewhere ngcp-warden confirm");
    let (code, said) = machine.end();
    assert_eq!(code, 0, "{said}");
    let hardened = machine.state();
    machine.begin(&format!("undo {run} --confirm-within 3600"));
    machine.shell.until("grep -q 'could cut you off' /root/said || test -s /root/code");
    let said = machine.shell.ok("cat /root/said");
    assert!(said.contains("could cut you off"), "{said}");
    assert_ne!(ssh_of(&machine.state()), ssh_of(&hardened));
    let undo = machine.newest_run();
    let mut machine = machine.cut_power().boot();
    machine.shell.until(&format!("ngcp-warden history | grep '^{undo} .* failed '"));
    let shown = machine.shell.ok("ngcp-warden show");
    assert!(shown.contains("nobody confirmed it in time"), "{shown}");
    assert!(!shown.contains("NOT taken back") && !shown.contains("neither"), "{shown}");
    assert_eq!(ssh_of(&machine.state()), ssh_of(&hardened));
    assert!(machine.opens("by-key true") && !machine.opens("by-password sipwise"));
    machine.undo(&run);
    assert_eq!(machine.state(), before);
}

/// Cuts the power when the run has begun so many of its changes.
fn cut_in_the_middle(mut machine: Machine, args: &str, changes: u32) -> Off {
    machine.begin(args);
    let journal = "$(ls -d /var/lib/ngcp-warden/runs/*-* | sort -V | tail -n 1)/journal";
    machine.shell.until(&format!("[ \"$(grep -c '\"before\":' {journal})\" -ge {changes} ]"));
    machine.cut_power()
}

/// Everything about SSH logins.
fn ssh_of(state: &str) -> Vec<&str> {
    state.lines().filter(|line| line.contains("ssh")).collect()
}
