//! A small root tree with programs that really run in it, a plan with a change of every kind, and what it does.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use ngcp_warden::{
    executor::{Attributes, Executor, System},
    finding::StepId,
    plan::{Action, Change, CommandLine, Edit, Phase, Plan, Proof, Template, Touched, Undo},
    platform::Ngcp,
    runner::{
        self, Control, LockHeld, Order, RunOutcome, Runs, State,
        process::{self, Task},
        undo,
    },
    secret::{Secret, SecretForm, Secrets},
};

pub(crate) const CANARY: &str = "Canary-5d1f-Canary-9b";

/// `ngcpcfg` builds one file from the configuration and, as the real one, needs a home afterwards; the others stand for `chpasswd`, a database client, a service.
const PROGRAMS: &[(&str, &str)] = &[
    (
        "ngcpcfg",
        "#!/bin/sh\necho \"building: $2\"\ncat /etc/ngcp-config/config.yml > /etc/built.new\nchmod 444 /etc/built.new\nmv -f /etc/built.new /etc/built\n[ -n \"$HOME\" ] || exit 128\necho done\n",
    ),
    (
        "setpw",
        "#!/bin/sh -e\ntrap 'rm -f /etc/pw.new' EXIT\nread line\necho \"root:hash-of-$line\" > /etc/pw.new\nchmod 640 /etc/pw.new\nmv /etc/pw.new /etc/pw\necho set\n",
    ),
    (
        "flag",
        "#!/bin/sh -e\ntrap 'rm -f /srv/flag.new' EXIT\nif [ \"$1\" = on ]; then echo on > /srv/flag.new; else echo off > /srv/flag.new; fi\nmv /srv/flag.new /srv/flag\n",
    ),
    ("dbdump", "#!/bin/sh\ncat /srv/db\n"),
    (
        "dbload",
        "#!/bin/sh -e\ntrap 'rm -f /srv/db.new' EXIT\ncat > /srv/db.new\nchmod 600 /srv/db.new\nmv /srv/db.new /srv/db\necho loaded\n",
    ),
    ("reload", "#!/bin/sh\ncat /etc/service.conf > /srv/active.new\nmv /srv/active.new /srv/active\n"),
    ("judge", "#!/bin/sh\ngrep -q good \"$1\"\n"),
];

const CONFIG: &str = "# ours\nkamailio:\n  lb:\n    port: 5060   # sip\n    children: '8'\n";

pub(crate) fn build(root: &Path) {
    for dir in
        ["bin", "usr/bin", "etc/ngcp-config", "srv", "run", "var/lib", "root/.ssh", "tmp", "proc", "dev"]
    {
        fs::create_dir_all(root.join(dir)).unwrap();
    }
    let busybox = ["/usr/bin/busybox", "/bin/busybox"].iter().find(|path| Path::new(path).exists());
    fs::copy(busybox.expect("busybox-static is installed"), root.join("bin/busybox")).unwrap();
    for name in ["sh", "cat", "mv", "chmod", "grep"] {
        symlink("busybox", root.join("bin").join(name)).unwrap();
    }
    fs::write(root.join("dev/null"), "").unwrap();
    for (name, script) in PROGRAMS {
        file(root, &format!("usr/bin/{name}"), 0o755, script);
    }
    file(root, "etc/hostname", 0o644, "spce\n");
    file(root, "etc/fstab", 0o644, "proc\t/proc proc defaults 0 0\nUUID=1 / ext4 defaults 0 1\n");
    file(root, "etc/issue", 0o664, "Debian\n");
    file(root, "etc/motd", 0o604, "welcome\n");
    file(root, "etc/service.conf", 0o640, "good\nlevel 1\nold line\n");
    file(root, "etc/pw", 0o640, "root:hash-of-old\n");
    file(root, "etc/built", 0o444, CONFIG);
    file(root, "etc/ngcp-config/config.yml", 0o660, CONFIG);
    file(root, "root/.ssh/authorized_keys", 0o600, "ssh-rsa AAAA vagrant\nssh-rsa BBBB mine\n");
    file(root, "srv/flag", 0o644, "off\n");
    file(root, "srv/db", 0o600, "row of old\n");
    file(root, "srv/active", 0o644, "good\nlevel 1\nold line\n");
    std::os::unix::fs::chown(root.join("etc/motd"), Some(12), Some(34)).unwrap();
}

fn file(root: &Path, path: &str, mode: u32, content: &str) {
    let path = root.join(path);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
}

pub(crate) fn line(
    step: &'static str,
    name: &str,
    path: &str,
    from: Option<&str>,
    to: Option<&str>,
) -> Change {
    let edit = Edit::Line { from: from.map(str::to_owned), to: to.map(Template::text) };
    let action = Action::Edit { path: path.into(), edits: vec![edit], check: None };
    change(step, name, action, Undo::Files)
}

pub(crate) fn change(step: &'static str, name: &str, action: Action, undo: Undo) -> Change {
    let phase = match (&action, &undo) {
        (Action::Apply { .. }, _) => Phase::Apply,
        (_, Undo::Again) => Phase::After,
        _ if action.file().is_some_and(|path| path.starts_with("/etc/ngcp-config")) => Phase::Configure,
        _ => Phase::Before,
    };
    Change::new(&StepId::new(step), name, name, action, undo).in_phase(phase)
}

pub(crate) fn yaml(step: &'static str, name: &str, key: &str, from: Option<&str>, to: &str) -> Change {
    let key = key.split('.').map(str::to_owned).collect();
    let edit = Edit::Yaml { key, from: from.map(str::to_owned), to: Template::text(to) };
    let path = "/etc/ngcp-config/config.yml".into();
    change(step, name, Action::Edit { path, edits: vec![edit], check: None }, Undo::Files)
}

pub(crate) fn command(program: &str, args: &[&str]) -> CommandLine {
    CommandLine::new(program, args.iter().copied())
}

fn reading(program: &str) -> CommandLine {
    let stdin = Template::default().secret("passwords.root", SecretForm::Verbatim).and("\n");
    CommandLine { stdin: Some(stdin), ..command(program, &[]) }
}

/// A change of every kind, in five steps, and the one apply.
pub(crate) fn plan() -> Plan {
    let exactly = |mode, uid, gid| Attributes::Exactly { mode, uid, gid, modified: None };
    let write = |path: &str, content, attributes| Action::Write { path: path.into(), content, attributes };
    let secret =
        Template::text("[client]\npassword=").secret("passwords.root", SecretForm::Verbatim).and("\n");
    let mut checked = line("b", "checked", "/etc/service.conf", Some("level 1"), Some("level 2"));
    if let Action::Edit { check, .. } = &mut checked.action {
        *check = Some(command("judge", &["{candidate}"]));
    }
    let mut password = change("c", "password", Action::Run(reading("setpw")), Undo::Files);
    password.touches = vec![Touched::secret("/etc/pw")];
    let rows = Undo::Captured { capture: command("dbdump", &[]), restore: command("dbload", &[]) };
    let flag =
        change("c", "flag", Action::Run(command("flag", &["on"])), Undo::Run(command("flag", &["off"])));
    let changes = vec![
        line(
            "a",
            "fstab",
            "/etc/fstab",
            Some("UUID=1 / ext4 defaults 0 1"),
            Some("UUID=1 / ext4 noatime 0 1"),
        ),
        line("a", "append", "/etc/fstab", None, Some("tmpfs /tmp tmpfs nosuid 0 0")),
        change("a", "new", write("/etc/new", Template::text("new\n"), exactly(0o640, 5, 6)), Undo::Files),
        change("a", "over", write("/etc/issue", Template::text("changed\n"), Attributes::Keep), Undo::Files),
        change("b", "remove", Action::Remove { path: "/etc/motd".into() }, Undo::Files),
        yaml("b", "value", "kamailio.lb.port", Some("5060"), "5062"),
        checked,
        change("b", "reload", Action::Run(command("reload", &[])), Undo::Again),
        password,
        flag.proven([Proof::Answers { command: command("cat", &["/srv/flag"]), prints: "on".into() }]),
        change("c", "rows", Action::Run(reading("dbload")), rows).proven([Proof::Printed("loaded".into())]),
        change("d", "client", write("/root/.my.cnf", secret, exactly(0o600, 0, 0)), Undo::Files),
        yaml("d", "insert", "kamailio.lb.tls", None, "no"),
        line("d", "key", "/root/.ssh/authorized_keys", Some("ssh-rsa AAAA vagrant"), None),
        change("apply", "apply", Action::Apply { message: "ngcp-warden: test".into() }, Undo::Again),
    ];
    Plan { changes, apply: vec!["test".into()], ..Plan::default() }
}

/// Whether the tree shows that a change of [`plan`] is done.
pub(crate) fn is_done(root: &Path, change: &str) -> bool {
    let text = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    match change {
        "a.fstab" => text("etc/fstab").contains("noatime"),
        "a.append" => text("etc/fstab").contains("nosuid"),
        "a.new" => text("etc/new") == "new\n",
        "a.over" => text("etc/issue") == "changed\n",
        "b.remove" => !root.join("etc/motd").exists(),
        "b.value" => text("etc/ngcp-config/config.yml").contains("5062"),
        "b.checked" => text("etc/service.conf").contains("level 2"),
        "b.reload" => text("srv/active").contains("level 2"),
        "c.password" => text("etc/pw").contains(CANARY),
        "c.flag" => text("srv/flag") == "on\n",
        "c.rows" => text("srv/db").contains(CANARY),
        "d.client" => text("root/.my.cnf").contains(CANARY),
        "d.insert" => text("etc/ngcp-config/config.yml").contains("tls"),
        "d.key" => !text("root/.ssh/authorized_keys").contains("vagrant"),
        "apply.apply" => text("etc/built").contains("5062"),
        other => panic!("{other}"),
    }
}

pub(crate) fn secrets() -> Secrets {
    let mut secrets = Secrets::default();
    secrets.insert("passwords.root", Secret::new(CANARY));
    secrets
}

pub(crate) fn task(root: &Path, plan: Plan) -> Task {
    let operator = "root, on the console".to_owned();
    Task { root: root.to_owned(), order: Order { plan, operator, ..Order::default() }, resume: false }
}

/// Kind, mode, owner and content of everything but our own records.
pub(crate) type Tree = BTreeMap<PathBuf, (u32, u32, u32, Vec<u8>)>;

pub(crate) fn snapshot(root: &Path) -> Tree {
    fn walk(root: &Path, dir: &Path, tree: &mut Tree) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let inside = path.strip_prefix(root).unwrap().to_owned();
            if inside.starts_with("var/lib/ngcp-warden") || inside.starts_with("run") {
                continue;
            }
            let about = fs::symlink_metadata(&path).unwrap();
            let content = match about.file_type() {
                kind if kind.is_file() => fs::read(&path).unwrap(),
                kind if kind.is_symlink() => {
                    fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
                }
                _ => vec![],
            };
            tree.insert(inside, (about.mode(), about.uid(), about.gid(), content));
            if about.is_dir() {
                walk(root, &path, tree);
            }
        }
    }
    let mut tree = Tree::new();
    walk(root, root, &mut tree);
    tree
}

/// Which paths differ, for a message.
pub(crate) fn difference(one: &Tree, other: &Tree) -> Vec<String> {
    let paths = one.keys().chain(other.keys()).filter(|path| one.get(*path) != other.get(*path));
    let text = |tree: &Tree, path: &Path| {
        tree.get(path).map(|(mode, uid, gid, content)| {
            format!("{mode:o} {uid}:{gid} {:?}", String::from_utf8_lossy(&content[..content.len().min(300)]))
        })
    };
    let mut told: Vec<String> = paths
        .map(|path| format!("{}: {:?} / {:?}", path.display(), text(one, path), text(other, path)))
        .collect();
    told.dedup();
    told
}

/// Runs a plan on a host and records it in `runs`, in this process.
pub(crate) fn run(
    host: &dyn Executor,
    runs: &Runs,
    order: Order,
    secrets: &Secrets,
) -> anyhow::Result<RunOutcome> {
    let (run, mut journal) = runs.create(host.now())?;
    runner::run(&Order { run, ..order }, secrets, host, &Ngcp, &mut journal, &Control::default())
}

/// A program that another thread is starting holds our files open, and their locks, until it runs.
pub(crate) fn settle(runs: &Runs, run: &str) {
    while runs.state(run).unwrap() == State::Live {
        std::thread::yield_now();
    }
}

/// Carries a task out in this process, where nobody else changes the same tree.
pub(crate) fn here(task: &Task, secrets: &Secrets) -> anyhow::Result<RunOutcome> {
    loop {
        match process::run_here(task.clone(), secrets.clone(), &Ngcp, &Control::default()) {
            Err(error) if error.is::<LockHeld>() => std::thread::yield_now(),
            ended => return ended,
        }
    }
}

/// Takes a run back as the command line does.
pub(crate) fn undo_here(root: &Path, runs: &Runs, run: &str) {
    settle(runs, run);
    let host = System::below(root).unwrap();
    let undo = undo::plan(runs, run, &host).unwrap();
    assert_eq!(undo.foreign, [], "nobody else was here");
    assert!(undo.impossible.is_empty() && undo.needs.is_empty(), "{undo:?}");
    let order = Order { plan: undo.plan, undoes: Some(run.to_owned()), ..Order::default() };
    let outcome = here(&Task { root: root.to_owned(), order, resume: false }, &undo.secrets).unwrap();
    if !matches!(outcome, RunOutcome::Done | RunOutcome::Unchanged) {
        let (_, report) = runs.reports().pop().unwrap();
        panic!("{}", report.text());
    }
}

/// Takes a run back, in this process.
pub(crate) fn undo(host: &dyn Executor, runs: &Runs, run: &str) -> anyhow::Result<RunOutcome> {
    settle(runs, run);
    let undo = undo::plan(runs, run, host)?;
    anyhow::ensure!(undo.foreign.is_empty(), "somebody else was here: {:?}", undo.foreign);
    let order = Order { plan: undo.plan, undoes: Some(run.to_owned()), ..Order::default() };
    self::run(host, runs, order, &undo.secrets)
}

pub(crate) fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg("--").arg(from).arg(to).status().unwrap();
    assert!(done.success());
}

pub(crate) fn make_executable(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
