use super::*;
use crate::executor::{Attributes, Quiet, simulated::Simulated};

fn session(host: &dyn Executor) -> Vec<String> {
    let path = Path::new("/etc/fstab");
    let to = FileTo::File { content: Secret::new("password canary"), attributes: Attributes::Keep };
    let change = FileChange { path: path.into(), to };
    let mut command = Command::new("mysql", ["--batch"]).stdin(Secret::new("set canary"));
    command.credentials = Some(Secret::new("canary"));
    let mut seen = vec![format!("{:?} {:?}", host.world(), host.now())];
    for _ in 0..2 {
        seen.push(format!("{:?}", host.read(path).map_err(|e| (e.kind(), e.to_string()))));
        seen.push(format!("{:?}", host.metadata(path).map_err(|e| e.to_string())));
        seen.push(format!("{:?}", host.change(&change).map_err(|e| e.to_string())));
    }
    seen.push(format!("{:?}", host.run(&command, &mut Quiet).unwrap()));
    seen.push(format!("{:?} {:?}", host.find_program("mysql"), host.list(Path::new("/etc")).unwrap()));
    seen.push(format!("{:?} {:?} {:?}", host.find_program("nft"), host.resources().unwrap(), host.uptime()));
    seen
}

#[test]
fn a_session_is_replayed_word_for_word_and_its_secrets_are_not_on_the_cassette() {
    let host = Simulated::new().file("/etc/hosts", "x").on("mysql", |_, _| "the canary sings\u{fffd}\n");
    let recorder = Recorder::new(Arc::new(host), [Secret::new("canary"), Secret::new("")]);
    let seen = session(&recorder);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cassette.json");
    recorder.cassette().save(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("canary"), "{text}");
    assert!(recorder.cassette().save(&path).is_err(), "an old cassette is never overwritten");
    let player = Player::new(Cassette::parse(text.as_bytes()).unwrap());
    let star = |seen: &str| {
        let bytes = format!("{:?}", b"canary").replace(['[', ']'], "");
        seen.replace("canary", "******").replace(&bytes, "42, 42, 42, 42, 42, 42")
    };
    let starred: Vec<_> = seen.iter().map(|line| star(line)).collect();
    assert_eq!(session(&player), starred);
    assert_eq!(player.left(), Vec::<String>::new());
    let error = player.read(Path::new("/etc/fstab")).unwrap_err().to_string();
    assert!(error.contains("no further one, to \"read /etc/fstab\""), "{error}");
}

#[test]
fn a_damaged_or_newer_cassette_is_refused() {
    assert!(Cassette::parse(b"{").unwrap_err().to_string().contains("not a cassette"));
    let newer = br#"{"schema": 2, "world": "Live", "calls": []}"#;
    assert!(Cassette::parse(newer).unwrap_err().to_string().contains("version 2"));
}
