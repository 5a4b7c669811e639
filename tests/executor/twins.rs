//! The simulated host behaves like the real one: the same random calls get the same answers from both.

use std::{
    fs, io,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
};

use jiff::Timestamp;
use ngcp_warden::{
    executor::{Attributes, Executor, FileChange, FileTo, Kind, simulated::Simulated},
    secret::Secret,
};
use proptest::prelude::*;

use crate::support::{Host, names};

#[derive(Debug, Clone)]
enum Call {
    Read(PathBuf),
    Metadata(PathBuf),
    ReadLink(PathBuf),
    List(PathBuf),
    Change(FileChange),
    /// Somebody else makes a link, if nothing is there.
    Link(String, String),
}

fn path() -> impl Strategy<Value = PathBuf> {
    let name = prop::sample::select(vec!["a", "b", "c", ".."]);
    prop::collection::vec(name, 0..4).prop_map(|parts| PathBuf::from(format!("/{}", parts.join("/"))))
}

fn attributes() -> impl Strategy<Value = Attributes> {
    let exactly = (0u32..0o1000, 0u32..3, -9i64..9).prop_map(|(mode, uid, seconds)| Attributes::Exactly {
        mode,
        uid,
        gid: uid,
        modified: Some(Timestamp::from_second(seconds).unwrap()),
    });
    prop_oneof![Just(Attributes::Keep), exactly]
}

fn to() -> impl Strategy<Value = FileTo> {
    let file = ("[a-z]{0,9}", attributes())
        .prop_map(|(content, attributes)| FileTo::File { content: Secret::new(content), attributes });
    let directory = attributes().prop_map(|attributes| FileTo::Directory { attributes });
    prop_oneof![3 => file, 3 => directory, 1 => Just(FileTo::Absent)]
}

fn call() -> impl Strategy<Value = Call> {
    let target = prop::sample::select(vec!["/", "a", "/b", "../c", "a/..", "/a/b", "c"]);
    let name = prop::sample::select(vec!["a", "b", "c"]);
    prop_oneof![
        1 => path().prop_map(Call::Read),
        1 => path().prop_map(Call::Metadata),
        1 => path().prop_map(Call::ReadLink),
        1 => path().prop_map(Call::List),
        6 => (path(), to()).prop_map(|(path, to)| Call::Change(FileChange { path, to })),
        1 => (name, target).prop_map(|(name, target)| Call::Link(name.to_owned(), target.to_owned())),
    ]
}

fn answer(host: &dyn Executor, call: &Call) -> Result<String, io::ErrorKind> {
    let (path, answer) = match call {
        Call::Read(path) => (path, host.read(path).map(|content| format!("{content:?}"))),
        Call::Metadata(path) => {
            (path, host.metadata(path).map(|m| format!("{:?} {:o} {} {}", m.kind, m.mode, m.uid, m.gid)))
        }
        Call::ReadLink(path) => (path, host.read_link(path).map(|target| format!("{target:?}"))),
        Call::List(path) => (path, host.list(path).map(|names| format!("{names:?}"))),
        Call::Change(change) => (&change.path, host.change(change).map(|()| String::new())),
        Call::Link(..) => return Ok(String::new()),
    };
    answer.map_err(|error| {
        assert!(error.to_string().starts_with(path.to_str().unwrap()), "{error}");
        error.kind()
    })
}

/// Everything that is there; the time of a file only where it was set.
fn state(host: &dyn Executor) -> Vec<String> {
    let (mut seen, mut rest) = (Vec::new(), vec![PathBuf::from("/")]);
    while let Some(path) = rest.pop() {
        let found = host.metadata(&path).unwrap();
        let set = found.modified < Timestamp::from_second(100).unwrap();
        let modified = (found.kind == Kind::File && set).then_some(found.modified);
        let content = (found.kind == Kind::File).then(|| host.read(&path).unwrap());
        if found.kind == Kind::Directory {
            rest.extend(host.list(&path).unwrap().iter().map(|name| path.join(name)));
        }
        seen.push(format!(
            "{path:?} {:?} {:o} {} {modified:?} {content:?}",
            found.kind, found.mode, found.uid
        ));
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_simulated_host_answers_like_a_real_one(calls in prop::collection::vec(call(), 1..40)) {
        let (real, simulated) = (Host::new(), Simulated::new());
        for name in names(real.at("")) {
            fs::remove_dir_all(real.at(name)).unwrap();
        }
        fs::set_permissions(real.at(""), fs::Permissions::from_mode(0o755)).unwrap();
        for call in &calls {
            if let Call::Link(name, target) = call
                && symlink(target, real.at(name)).is_ok()
            {
                simulated.edit(|files| files.link(format!("/{name}"), target));
            }
            prop_assert_eq!(answer(&real.system, call), answer(&simulated, call), "{:?}", call);
        }
        prop_assert_eq!(state(&real.system), state(&simulated));
    }
}
