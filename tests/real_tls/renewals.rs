//! Renewals of certbot and acme.sh on that machine, in the layouts that both keep, brought by the calls that both make.

use std::{
    fs,
    os::unix::{fs::symlink, net::UnixDatagram},
    sync::mpsc,
    thread,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    host::{Machine, PORTS},
    real_host,
    step::{NAMES, P256},
};

const LIVE: &str = "/etc/letsencrypt/live/sip.example.net";
const ARCHIVE: &str = "/etc/letsencrypt/archive/sip.example.net";
const HOOK: &str = "/etc/letsencrypt/renewal-hooks/deploy/ngcp-warden";
const ACME: &str = "/root/.acme.sh/sip.example.net_ecc";

/// A file of the folder of the test.
fn made(machine: &Machine, name: &str, end: &str) -> String {
    fs::read_to_string(machine.work.join(format!("{name}.{end}"))).unwrap()
}

fn chain(machine: &Machine, name: &str) -> String {
    made(machine, name, "crt") + &made(machine, "intermediate", "crt")
}

/// As certbot does it: numbered files in its archive, links to the newest ones.
fn certbot(machine: &Machine, name: &str, key: &str, number: u32) {
    let host = &machine.host;
    host.write(&format!("{ARCHIVE}/fullchain{number}.pem"), 0o644, &chain(machine, name));
    host.write(&format!("{ARCHIVE}/privkey{number}.pem"), 0o600, &made(machine, key, "key"));
    fs::create_dir_all(host.path(LIVE)).unwrap();
    for file in ["fullchain", "privkey"] {
        let link = host.path(&format!("{LIVE}/{file}.pem"));
        let _ = fs::remove_file(&link);
        symlink(format!("../../archive/sip.example.net/{file}{number}.pem"), link).unwrap();
    }
    let conf = format!(
        "version = 2.1.0\narchive_dir = {ARCHIVE}\ncert = {LIVE}/cert.pem\nprivkey = {LIVE}/privkey.pem\n\
         chain = {LIVE}/chain.pem\nfullchain = {LIVE}/fullchain.pem\n\n[renewalparams]\nauthenticator = webroot\n"
    );
    host.write("/etc/letsencrypt/renewal/sip.example.net.conf", 0o644, &conf);
}

/// As acme.sh does it: the same files again.
fn acme_sh(machine: &Machine, name: &str, key: &str) {
    let host = &machine.host;
    host.write(&format!("{ACME}/fullchain.cer"), 0o644, &chain(machine, name));
    host.write(&format!("{ACME}/sip.example.net.key"), 0o600, &made(machine, key, "key"));
}

/// What certbot runs after a renewal; its exit code and words.
fn certbot_calls(machine: &Machine, lineage: &str) -> (Option<i32>, String) {
    let said = machine.host.try_run(&["env", &format!("RENEWED_LINEAGE={lineage}"), HOOK], b"");
    (said.status.code(), String::from_utf8_lossy(&said.stderr).into_owned())
}

/// What acme.sh runs: the command that its configuration holds, by a shell, in the folder.
fn acme_sh_calls(machine: &Machine) -> (Option<i32>, String) {
    let conf = fs::read_to_string(machine.host.path(&format!("{ACME}/sip.example.net.conf"))).unwrap();
    let inside =
        conf.split_once("__ACME_BASE64__START_").unwrap().1.split_once("__ACME_BASE64__END_").unwrap().0;
    let command = String::from_utf8(STANDARD.decode(inside).unwrap()).unwrap();
    let said = machine.host.try_run(&["sh", "-c", &format!("cd {ACME} && eval \"$1\""), "sh", &command], b"");
    (said.status.code(), String::from_utf8_lossy(&said.stderr).into_owned())
}

#[test]
fn renewals_reach_nginx_and_kamailio_and_a_broken_one_changes_nothing_and_is_told_to_syslog() {
    let test =
        "renewals::renewals_reach_nginx_and_kamailio_and_a_broken_one_changes_nothing_and_is_told_to_syslog";
    let Some(work) = real_host::inside(test) else { return };
    let machine = Machine::start(&work);
    machine.host.install_warden();
    let syslog = UnixDatagram::bind(machine.host.path("/dev/log")).unwrap();
    let (told, syslog_lines) = mpsc::channel();
    // Read all the time: kamailio-lb writes there as well, and would wait.
    thread::spawn(move || {
        let mut line = [0; 4096];
        while let Ok(length) = syslog.recv(&mut line) {
            let _ = told.send(String::from_utf8_lossy(&line[..length]).into_owned());
        }
    });
    for name in ["web-1", "web-2", "web-3", "sip-1", "sip-2", "sip-3"] {
        machine.signed(name, &NAMES, &P256);
    }
    certbot(&machine, "web-1", "web-1", 1);
    acme_sh(&machine, "sip-1", "sip-1");
    let conf = "Le_Domain='sip.example.net'\nLe_ReloadCmd='__ACME_BASE64__START_dG91Y2ggL3J1bi9vbGQ=__ACME_BASE64__END_'\n";
    machine.host.write(&format!("{ACME}/sip.example.net.conf"), 0o600, conf);

    let answers = format!(
        "certificates:\n  web: lineage\n  \"web.lineage\": {LIVE}\n  sip: lineage\n  \"sip.lineage\": {ACME}\n"
    );
    let (code, result, said) = machine.apply(&answers, "");
    assert_eq!((code, result["outcome"].as_str()), (0, Some("done")), "{said}");
    assert!(PORTS.iter().all(|port| machine.trusted(*port, NAMES[0])), "{said}");
    let first = machine.wire();

    // Nothing was renewed yet: both calls have nothing to do.
    for (code, said) in [certbot_calls(&machine, LIVE), acme_sh_calls(&machine)] {
        assert!(code == Some(0) && said.contains("nothing to do"), "{code:?} {said}");
    }
    assert!(machine.host.path("/run/old").exists(), "what acme.sh ran before is run as well");
    assert_eq!(machine.wire(), first);

    certbot(&machine, "web-2", "web-2", 2);
    let (code, said) = certbot_calls(&machine, &format!("{LIVE}/"));
    assert_eq!(code, Some(0), "{said}");
    let second = machine.wire();
    assert!((0..3).all(|n| second[n] != first[n] && machine.trusted(PORTS[n], NAMES[0])), "{said}");
    assert_eq!(second[3], first[3], "SIP has another one");

    acme_sh(&machine, "sip-2", "sip-2");
    let (code, said) = acme_sh_calls(&machine);
    assert_eq!(code, Some(0), "{said}");
    let third = machine.wire();
    assert!(third[3] != second[3] && machine.trusted(PORTS[3], NAMES[0]), "{said}");
    assert_eq!(third[..3], second[..3]);
    for name in ["web-2", "sip-2"] {
        let holding = machine.holding_key(name);
        let own = |path: &String| path.ends_with(".key") || path.ends_with(".pem");
        assert!(holding.iter().all(own), "{name}: {holding:?}");
    }

    // The key of another certificate, a file that is cut off, and a lineage that nobody renews.
    let files = machine.files();
    certbot(&machine, "web-3", "web-2", 3);
    acme_sh(&machine, "sip-3", "sip-3");
    let cut = chain(&machine, "sip-3");
    machine.host.write(&format!("{ACME}/fullchain.cer"), 0o644, &cut[..cut.len() / 3]);
    let broken = [
        certbot_calls(&machine, LIVE),
        acme_sh_calls(&machine),
        certbot_calls(&machine, "/etc/letsencrypt/live/nobody"),
    ];
    for ((code, said), wanted) in
        broken.into_iter().zip(["web.lineage", "sip.lineage", "nothing on this host"])
    {
        assert!(code == Some(1) && said.contains(wanted), "{code:?} {said}");
        let next = || syslog_lines.recv_timeout(Duration::from_secs(10)).unwrap();
        let told = std::iter::repeat_with(next).find(|line| line.contains("ngcp-warden: ")).unwrap();
        assert!(told.contains(wanted), "{told}");
        assert!(!told.contains("PRIVATE KEY"), "{told}");
    }
    assert_eq!(machine.wire(), third);
    assert!(machine.files() == files && machine.uncommitted().is_empty());
}
