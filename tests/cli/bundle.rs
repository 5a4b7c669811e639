//! The support bundle, unpacked as whoever gets it unpacks it: what is in it, and above all what is not.

use std::{fs, io::Read, os::unix::fs::PermissionsExt, path::Path, process::Command};

use crate::{text, tree, warden};

/// In every place of the host where a secret may stand.
const CANARY: &str = "hunter2canary";

fn unpack(packed: &Path, into: &Path) {
    let file = fs::File::open(packed).unwrap();
    let mut tar = Vec::new();
    ruzstd::decoding::StreamingDecoder::new(file).unwrap().read_to_end(&mut tar).unwrap();
    fs::write(into.join("bundle.tar"), tar).unwrap();
    let args = ["--strip-components=1", "-xf", "bundle.tar"];
    assert!(Command::new("tar").args(args).current_dir(into).status().unwrap().success());
    fs::remove_file(into.join("bundle.tar")).unwrap();
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let inside = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    inside.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn a_bundle_shows_the_runs_of_the_host_and_none_of_its_secrets() {
    let (dir, root) = tree("mr3.8");
    let config = root.join("etc/ngcp-config/config.yml");
    let before = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{before}\ncanary:\n  password: {CANARY}\n  other: {CANARY}\n")).unwrap();
    let fstab = fs::read_to_string(root.join("etc/fstab")).unwrap();
    let share = format!("//srv/share /mnt cifs username=x,password={CANARY} 0 0\n");
    fs::write(root.join("etc/fstab"), format!("{share}{fstab}")).unwrap();
    let answers = dir.path().join("answers.yml");
    fs::write(&answers, "schema: 1\nnoatime:\n  noatime: set\n").unwrap();
    let place = ["--root", root.to_str().unwrap()];
    let applied = warden(&[&["apply", "--answers", answers.to_str().unwrap()], &place[..]].concat(), b"");
    assert!(applied.status.success(), "{}", text(&applied.stderr));

    let packed = dir.path().join("help.tar.zst");
    let args = [&["bundle", "--to", packed.to_str().unwrap()], &place[..]].concat();
    let made = warden(&args, b"");
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert_eq!(text(&made.stdout).trim(), packed.to_str().unwrap());
    let total = text(&made.stderr).lines().last().unwrap().to_owned();
    let words: Vec<&str> = total.split(' ').collect();
    assert!(matches!(words[..], ["progress:", done, "of", all, "bytes"] if done == all), "{total}");
    assert_eq!(fs::metadata(&packed).unwrap().permissions().mode() & 0o777, 0o600);
    let again = warden(&args, b"");
    assert_eq!(again.status.code(), Some(2), "it is not overwritten");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "nothing is left beside it");

    let inside = dir.path().join("inside");
    fs::create_dir(&inside).unwrap();
    unpack(&packed, &inside);
    let checked = Command::new("sha256sum").args(["-c", "MANIFEST"]).current_dir(&inside).output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
    assert_eq!(text(&checked.stdout).lines().count() + 1, files(&inside).len());
    let all: String = files(&inside).iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    assert!(!all.contains(CANARY) && !all.contains("root, where from"), "{all}");
    assert!(!all.contains("$6$") && !all.contains("PRIVATE KEY"), "{all}");
    for wanted in ["mr3.8.3", "MOUNT-ATIME", "noatime", "Not in it:", "\"outcome\": \"done\""] {
        assert!(all.contains(wanted), "{wanted} in {all}");
    }
}

#[test]
fn a_bundle_goes_to_the_host_where_no_file_is_named_and_names_a_run_that_is_not_there() {
    let (_dir, root) = tree("mr13.5");
    let place = ["--root", root.to_str().unwrap()];
    let made = warden(&[&["bundle"], &place[..]].concat(), b"");
    assert!(made.status.success(), "{}", text(&made.stderr));
    let path = text(&made.stdout).trim().trim_start_matches('/').to_owned();
    assert!(fs::metadata(root.join(path)).unwrap().len() > 500);
    let missing = warden(&[&["bundle", "20260101-7"], &place[..]].concat(), b"");
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("there is no run 20260101-7"), "{missing:?}");
    assert_eq!(warden(&["bundle", "--demo"], b"").status.code(), Some(2));
}
