//! Logins of all kinds, and who outlives whom.

use super::{host::fresh, line::Line, machine::Machine};

/// One boot for all of it: each scene leaves the machine as it found it.
#[test]
fn consoles_logins_and_services() {
    let mut machine = fresh();
    let before = machine.state();
    the_wizard_on_the_console(&mut machine);
    a_run_outlives_its_login(&mut machine);
    machine.undo("");
    assert_eq!(machine.state(), before, "undone");
    only_a_new_ssh_login_counts(&mut machine);
    machine.undo("");
    assert_eq!(machine.state(), before, "undone");
    silence(&mut machine);
    assert_eq!(machine.state(), before, "put back on silence");
    killed_runner_and_watcher(&mut machine);
    assert_eq!(machine.state(), before, "put back by the second watcher");
    assert!(machine.opens("by-key true") && machine.opens("by-password sipwise"));
    let failed = machine.shell.ok("systemctl list-units --failed --no-legend");
    assert_eq!(failed, "", "a unit failed");
}

/// A serial console knows neither its size nor colours: every page is still drawn in 80x24, and left clean.
fn the_wizard_on_the_console(machine: &mut Machine) {
    let Machine { console, shell, .. } = machine;
    let settings = shell.ok("stty rows 0 columns 0 -F /dev/ttyS0; stty -a -F /dev/ttyS0");
    assert!(settings.contains("rows 0; columns 0"), "{settings}");
    console.keys("clear; ngcp-warden --first-boot\r");
    console.wait("80x24 is assumed").wait("spce").wait("Root still has the image's password");
    let page = console.contents();
    let rows: Vec<&str> = page.lines().collect();
    assert!(rows.len() == 24 && rows[0].contains("first boot") && rows[23].contains("q quit"), "{page}");
    assert!(page.is_ascii(), "{page}");
    for step in [
        "Vendor support access",
        "Passwords",
        "SSH logins",
        "Certificates",
        "Firewall",
        "Disk access times",
        "Performance profile",
        "Tuning",
    ] {
        let title = |line: &Line| line.contents().lines().next().is_some_and(|row| row.contains(step));
        let key = if step == "Vendor support access" { "\r" } else { "n" };
        console.keys(key).wait_until_quiet();
        // A slow machine may still be looking when the key comes; rows below are shown before the next step.
        let early = |page: &str| page.contains("Still looking at the host") || page.contains("n more rows");
        while !title(console) && early(&console.contents()) {
            console.keys(key).wait_until_quiet();
        }
        console.wait_for(step, title).wait_until_quiet();
    }
    console.keys("\x1b[21~").wait("Review").wait("taken back by itself unless").wait_until_quiet();
    console.keys("q").wait("Keep answers and leave").keys("\r").wait_for_shell();
    assert!(
        console.contents().lines().filter(|row| !row.trim().is_empty()).count() <= 1,
        "{}",
        console.contents()
    );
    assert!(!console.screen().hide_cursor() && !console.screen().alternate_screen());
    assert_eq!(shell.ok("stty -a -F /dev/ttyS0"), settings, "the line is as it was");
    assert_eq!(shell.ok("ngcp-warden history"), "No run was recorded on this host.\n");
}

/// F03: logind kills everything that belongs to a login; a run belongs to none. The console may confirm.
fn a_run_outlives_its_login(machine: &mut Machine) {
    let Machine { console, shell, .. } = machine;
    console
        .keys("clear; ngcp-warden apply --answers /root/ssh.yml --confirm-within 3600\r")
        .wait("could cut you off");
    let scopes = shell.ok("systemctl list-units --type=scope --full --plain --no-legend");
    let scope = scopes.lines().find(|line| line.contains("ngcp-warden run-plan")).expect(&scopes).to_owned();
    let scope = scope.split(' ').next().unwrap();
    let group = shell.ok(&format!("systemctl show -P ControlGroup {scope}"));
    assert_eq!(group.trim(), format!("/system.slice/{scope}"));
    let runner = shell.ok("sed 's/.*\"pid\":\\([0-9]*\\).*/\\1/' /run/ngcp-warden.lock").trim().to_owned();
    let inside = shell.ok(&format!("cat /sys/fs/cgroup{}/cgroup.procs", group.trim()));
    assert_eq!(inside.trim(), runner, "the runner is alone in its scope");

    let sessions = shell.ok("loginctl list-sessions --no-legend");
    let session = sessions.lines().find(|line| line.contains("ttyS0")).expect(&sessions);
    let session = session.split_whitespace().next().unwrap();
    shell.ok(&format!("loginctl terminate-session {session}"));
    shell.until(&format!("! loginctl show-session {session}")).until("! pgrep -f 'ngcp-warden apply'");
    console.wait_for_shell();
    shell.ok(&format!("kill -0 {runner}"));

    machine.begin("attach");
    machine.console.keys("clear; ngcp-warden confirm; echo code $?\r").wait("code 0").wait("kept.");
    let (code, said) = machine.end();
    assert_eq!(code, 0, "{said}");
    for told in [
        "started by root, on the console",
        "begin     try a login as root",
        "waiting   let the SSH server",
        "kept      let the SSH server",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
    assert!(!machine.opens("by-password sipwise") && machine.opens("by-key true"));
}

/// F06: a login from before the change proves nothing, nor does one from the machine itself.
fn only_a_new_ssh_login_counts(machine: &mut Machine) {
    machine.shell.ok("mkfifo /root/go; (from-elsewhere 'read go; ngcp-warden confirm' </root/go >/root/old 2>&1 &) ; exec 3>/root/go");
    machine.shell.until("pgrep -f 'bash -c read go'");
    machine.apply_until_it_waits("/root/ssh.yml --confirm-within 3600");
    machine.shell.ok("echo go >&3; exec 3>&-");
    let said = machine.shell.until("grep -q Not.kept /root/old").ok("cat /root/old");
    assert!(said.contains("older than the change"), "{said}");
    let (code, said) = machine.shell.run("by-key ngcp-warden confirm 2>&1");
    assert!(code != 0 && said.contains("comes from the host itself"), "{code}: {said}");
    let (code, said) = machine.shell.run("from-elsewhere ngcp-warden confirm");
    assert_eq!(code, 0, "{said}");
    let (code, said) = machine.end();
    assert_eq!(code, 0, "{said}");
}

/// F02: nobody says a word, and sshd takes passwords again.
fn silence(machine: &mut Machine) {
    // Long enough that a slow machine has looked at the watcher before the time is over.
    let run = machine.apply_until_it_waits("/root/ssh.yml --confirm-within 60");
    let watcher =
        machine.shell.ok(&format!("systemctl show -P ActiveState -P Transient ngcp-warden-restore-{run}"));
    assert_eq!(watcher, "active\nyes\n");
    let (code, said) = machine.end();
    assert!(code == 1 && said.contains("nobody confirmed"), "{code}: {said}");
    assert!(machine.opens("by-password sipwise"));
}

/// F03: the watcher is killed and comes back, the runner is killed and does not: the new watcher takes the change back.
fn killed_runner_and_watcher(machine: &mut Machine) {
    let run = machine.apply_until_it_waits("/root/ssh.yml --confirm-within 60");
    let unit = format!("ngcp-warden-restore-{run}.service");
    machine.shell.ok(&format!(
        "set -e; first=$(systemctl show -P MainPID {unit}); kill -9 $first
         until now=$(systemctl show -P MainPID {unit}); [ $now != 0 ] && [ $now != $first ]; do sleep 0.1; done
         kill -9 $(sed 's/.*\"pid\":\\([0-9]*\\).*/\\1/' /run/ngcp-warden.lock)"
    ));
    machine.shell.until(&format!("ngcp-warden history | grep '^{run} .* failed '"));
    let shown = machine.shell.ok("ngcp-warden show");
    assert!(shown.contains("nobody confirmed it in time") && !shown.contains("NOT taken back"), "{shown}");
    let (code, said) = machine.end();
    assert!(code == 1 && said.contains("The run was cut off in the middle"), "{code}: {said}");
}
