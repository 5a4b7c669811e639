use super::*;
use crate::executor::{World, simulated::Simulated};

fn account() -> Account {
    Account { name: "ann".into(), uid: 1001, gid: 1001, home: "/home/ann".into(), shell: "/bin/sh".into() }
}

fn tree(main: &str) -> Simulated {
    Simulated::new().with_world(World::Tree).file(CONFIG, main)
}

/// F20: the first value decides, what is included included; a Match decides for some logins only.
#[test]
fn the_first_value_decides_and_a_match_is_an_exception() {
    let host = tree(
        "# PermitRootLogin yes\nInclude /etc/ssh/sshd_config.d/*.conf\n  permitrootlogin = \"no\" # was yes\nPort 22\nPort 2222\n\
         Match User bob\nPasswordAuthentication yes\nMatch all\nMaxAuthTries 3\nPasswordAuthentication no\n",
    )
    .file("/etc/ssh/sshd_config.d/50-cloud-init.conf", "Match Address 10.0.0.0/8\nX11Forwarding yes\n")
    .file("/etc/ssh/sshd_config.d/60-own.conf", "PermitRootLogin prohibit-password\n")
    .file("/etc/ssh/sshd_config.d/.hidden.conf", "PermitRootLogin yes\n");
    let found = effective(&host, &[], None).unwrap();
    assert_eq!(found.get("permitrootlogin"), Some("prohibit-password"));
    assert_eq!(found.get("passwordauthentication"), Some("no"));
    assert_eq!(found.get("x11forwarding"), None, "only for some addresses");
    assert_eq!(found.all("port"), ["22", "2222"]);
    assert!(found.read_because.unwrap().contains("directory tree"));
    let lines = Lines::read(&host).unwrap();
    assert_eq!(lines.deciding("permitrootlogin").unwrap().number, 1);
    assert_eq!(
        lines
            .exceptions()
            .filter(|line| line.keyword != "match")
            .map(|line| line.text.as_str())
            .collect::<Vec<_>>(),
        ["X11Forwarding yes", "PasswordAuthentication yes"]
    );
}

#[test]
fn a_drop_in_is_only_used_where_it_decides() {
    let keywords = ["permitrootlogin"];
    let decides =
        |host: Simulated| Lines::read(&host).unwrap().drop_in_decides("00-ngcp-warden.conf", &keywords);
    let include = "Include /etc/ssh/sshd_config.d/*.conf\n";
    assert!(decides(tree(include)));
    assert!(decides(tree(include).file("/etc/ssh/sshd_config.d/50-x.conf", "PermitRootLogin yes\n")));
    assert!(!decides(tree(include).file("/etc/ssh/sshd_config.d/00-a.conf", "PermitRootLogin yes\n")));
    assert!(!decides(tree(&format!("PermitRootLogin yes\n{include}"))));
    assert!(!decides(tree("PermitRootLogin yes\n")));
    assert!(!decides(tree(&format!("Match User x\n{include}"))));
}

#[test]
fn files_that_include_each_other_end() {
    let host = tree("Include /etc/ssh/sshd_config\n");
    assert!(effective(&host, &[], None).unwrap_err().root_cause().to_string().contains("include each other"));
}

#[test]
fn key_files_follow_the_patterns() {
    let files = |text: &str| {
        effective(&tree(text), &[], None)
            .unwrap()
            .key_files(&account())
            .iter()
            .map(|p| p.display().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(files("Port 22\n"), ["/home/ann/.ssh/authorized_keys", "/home/ann/.ssh/authorized_keys2"]);
    assert_eq!(
        files("AuthorizedKeysFile %h/.ssh/authorized_keys /etc/keys/%u-%U%%\n"),
        ["/home/ann/.ssh/authorized_keys", "/etc/keys/ann-1001%"]
    );
    assert_eq!(files("AuthorizedKeysFile none\n"), [""; 0]);
}

#[test]
fn sshd_is_asked_for_an_account_and_what_it_refuses_is_told() {
    let host = Simulated::new().on("sshd", |_, command: &Command| {
        assert_eq!(command.args[0], "-T");
        format!("permitrootlogin no\nhostkey /a\nhostkey /b\nforcecommand {}\n", command.args[2])
    });
    let server = ("10.0.0.1".to_owned(), "2222".to_owned());
    let session = Session::Ssh { address: "10.0.0.5".to_owned(), server, login: None };
    let found = effective(&host, &[], Some(("root", &session))).unwrap();
    assert_eq!(found.all("hostkey"), ["/a", "/b"]);
    let asked = "user=root,host=10.0.0.5,addr=10.0.0.5,laddr=10.0.0.1,lport=2222";
    assert_eq!(found.get("forcecommand"), Some(asked));
    assert_eq!(found.read_because, None);
    let broken = Simulated::new().file(CONFIG, "UsePAM yes\n").on("sshd", |_, _: &Command| {
        crate::executor::simulated::Answer::code(255).error("line 3: Bad option")
    });
    assert!(effective(&broken, &[], None).unwrap().read_because.unwrap().contains("Bad option"));
}

#[test]
fn weak_algorithms_are_those_that_ssh_audit_calls_weak() {
    for weak in [
        "ecdh-sha2-nistp256",
        "diffie-hellman-group14-sha1",
        "diffie-hellman-group1-sha1",
        "ssh-rsa",
        "ssh-dss",
        "ecdsa-sha2-nistp521-cert-v01@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
        "3des-cbc",
        "arcfour128",
        "blowfish-cbc",
        "hmac-md5-96",
        "hmac-sha1-etm@openssh.com",
        "hmac-ripemd160@openssh.com",
    ] {
        assert!(algorithms::is_weak(weak), "{weak}");
    }
    for fine in
        ["curve25519-sha256", "rsa-sha2-512", "aes256-ctr", "umac-128-etm@openssh.com", "new@example.org"]
    {
        assert!(!algorithms::is_weak(fine), "{fine}");
    }
    assert_eq!(
        algorithms::strong("ecdh-sha2-nistp256,curve25519-sha256,x").as_deref(),
        Some("curve25519-sha256")
    );
    let old = "ecdh-sha2-nistp256,diffie-hellman-group-exchange-sha256,diffie-hellman-group1-sha1";
    assert_eq!(algorithms::strong(old).as_deref(), Some("diffie-hellman-group-exchange-sha256"));
    assert_eq!(algorithms::strong("ssh-rsa,ssh-dss"), None);
}

fn process(host: Simulated, pid: &str, name: &str, parent: &str, environment: &str) -> Simulated {
    host.file(format!("/proc/{pid}/status"), format!("Name:\t{name}\nPPid:\t{parent}\nUid:\t0\t0\t0\t0\n"))
        .file(format!("/proc/{pid}/environ"), environment)
}

/// A login over SSH: process 9 serves a connection from 10.0.0.5 port 51234, and holds a tunnel besides.
fn over_ssh(program: &str) -> Simulated {
    let host = process(Simulated::new(), "self", "ngcp-warden", "20", "TERM=linux");
    let host = process(host, "20", "sudo", "10", "A=b");
    let host = process(host, "10", "bash", "9", "A=b\0SSH_CONNECTION=10.9.9.9 1 10.0.0.1 22\0B=c\0");
    let host = process(host, "9", "sshd", "7", "");
    let line = |ends: &str, state: &str, inode: u32| {
        format!("   0: {ends} {state} 00000000:00000000 00:00000000 00000000     0        0 {inode} 1 0\n")
    };
    let host = host.file(
        "/proc/9/net/tcp",
        "  sl  local_address rem_address   st tx_queue\n".to_owned()
            + &line("0100007F:0CEA 0100007F:C001", "01", 300)
            + &line("00000000:0016 00000000:0000", "0A", 100),
    );
    let mapped = "0000000000000000FFFF00000100000A:0016 0000000000000000FFFF00000500000A:C822";
    let host = host.file("/proc/9/net/tcp6", line(mapped, "01", 200));
    host.edit(|files| {
        files.link("/proc/9/exe", program);
        for (fd, to) in
            [("0", "/dev/null"), ("3", "socket:[100]"), ("4", "socket:[200]"), ("10", "socket:[300]")]
        {
            files.link(format!("/proc/9/fd/{fd}"), to);
        }
    });
    host
}

const ACCEPTED: &str = "Accepted publickey for ann from 10.0.0.5 port 51234 ssh2: ED25519 SHA256:abc\n";

#[test]
fn the_operators_own_key_is_found_behind_sudo() {
    let host = over_ssh("/usr/sbin/sshd (deleted)").on("journalctl", |_, command: &Command| {
        for own in ["_PID=9", "_UID=0", "_COMM=sshd"] {
            assert!(command.args.iter().any(|arg| arg == own), "{:?}", command.args);
        }
        "Accepted password for bob from 10.0.0.5 port 5 ssh2\n".to_owned() + ACCEPTED + "Starting session\n"
    });
    let found = session(&host);
    assert_eq!(found.address(), Some("10.0.0.5"), "the kernel's word, not the environment's");
    let login = found.login().unwrap();
    assert_eq!((login.account.as_str(), login.fingerprint.as_deref()), ("ann", Some("SHA256:abc")));
}

/// Everybody can write a line to a log, run a program called sshd, and set its environment.
#[test]
fn a_login_that_a_local_user_could_have_made_up_is_not_known() {
    let from = |host: &Simulated| session(host).login().cloned();
    let forged = over_ssh("/usr/sbin/sshd").file("/var/log/auth.log", format!("sshd[9]: {ACCEPTED}"));
    assert_eq!(session(&forged).address(), Some("10.0.0.5"));
    assert_eq!(from(&forged), None, "a log file");
    let journal = |_: &mut _, _: &Command| ACCEPTED.to_owned();
    let other = over_ssh("/home/eve/not-sshd").on("journalctl", journal);
    assert_eq!(from(&other), None, "another program");
    let own = over_ssh("/usr/sbin/sshd").on("journalctl", journal);
    assert!(from(&own).is_some());
    let text = "Name:\tsshd\nPPid:\t7\nUid:\t1001\t1001\t1001\t1001\n";
    own.edit(|files| files.write("/proc/9/status", text));
    assert_eq!(from(&own), None, "somebody's own server");
    let told = "Accepted publickey for root from 10.0.0.5 port 9 ssh2: RSA SHA256:x\n\
                Invalid user Accepted publickey for eve from 10.0.0.5 port 51234 x SHA256:eve from 6.6.6.6\n";
    let wrong = over_ssh("/usr/sbin/sshd").on("journalctl", move |_, _: &Command| told.to_owned());
    assert_eq!(from(&wrong), None, "another connection");
}

#[test]
fn the_console_is_known_by_its_login_and_nothing_is_guessed() {
    let host = process(Simulated::new(), "self", "ngcp-warden", "20", "");
    assert_eq!(session(&host), Session::Unknown);
    let console = process(host, "20", "bash", "10", "A=b");
    assert_eq!(session(&process(console, "10", "login", "1", "")), Session::Console);
    let hostile = process(Simulated::new(), "self", "x", "1", "SSH_CONNECTION=;rm -rf / 22");
    assert_eq!(session(&hostile), Session::Unknown);
    let tmux = process(Simulated::new(), "self", "x", "1", "SSH_CONNECTION=10.0.0.5 1 10.0.0.1 22");
    assert_eq!((session(&tmux).address(), session(&tmux).login()), (Some("10.0.0.5"), None));
}

#[test]
fn what_the_running_server_was_started_with_is_read_from_its_process() {
    let started = |line: &str| {
        let host =
            Simulated::new().file("/proc/7/cmdline", line.replace(' ', "\0")).file("/proc/x/cmdline", "sshd");
        listeners(&host).into_iter().map(|one| one.options.join(" ")).collect::<Vec<_>>().join("; ")
    };
    let title =
        |words: &str| started(&format!("sshd: /usr/sbin/sshd {words} [listener] 0 of 10-100 startups"));
    assert_eq!(
        title("-D -o PasswordAuthentication=yes -oPermitRootLogin=yes"),
        "-o PasswordAuthentication=yes -o PermitRootLogin=yes"
    );
    assert_eq!(
        title("-Df /etc/ssh/other -E /var/log/x -o PasswordAuthentication yes"),
        "-f /etc/ssh/other -o PasswordAuthentication=yes"
    );
    assert_eq!(started("/usr/sbin/sshd -p 2222"), "-p 2222");
    for other in
        ["sshd: root@pts/0", "/usr/sbin/sshd -i -o A=b", "/usr/sbin/sshd -D -R", "sshd -T", "vim sshd -f /x"]
    {
        assert_eq!(started(other), "", "{other}");
    }
    let host = Simulated::new().file("/proc/5/cmdline", "sshd -f /a").file("/proc/9/cmdline", "sshd -D");
    let own: Vec<_> = listeners(&host).into_iter().map(|one| one.options.len()).collect();
    assert_eq!(own, [0, 2]);
}
