use super::*;
use crate::executor::simulated::Simulated;

fn host() -> Simulated {
    Simulated::new()
        .file("/etc/ngcp-config/config.yml", include_str!("../../../tests/corpus/ngcp-mr3.8.yml"))
        .file("/etc/hostname", "spce\n")
}

fn value(config: &Config, path: &str) -> Value {
    config.value(&path.split('.').collect::<Vec<_>>()).unwrap()
}

#[test]
fn scalars_are_text_with_their_line() {
    let host = Simulated::new().file(
        "/etc/ngcp-config/config.yml",
        "---\na: yes\nb: 0123\nc: 1e3\nd: '~'\ne: ~\nf:\ng: 0x1f\nh: 1:20\ni: True\nl: [no, 'x']\n",
    );
    let config = Config::read(&host).unwrap();
    let texts = ["a", "b", "c", "d", "e", "f", "g", "h", "i"].map(|key| value(&config, key).text);
    assert_eq!(texts, ["yes", "0123", "1e3", "~", "~", "", "0x1f", "1:20", "True"]);
    assert_eq!(value(&config, "c").place.to_string(), "/etc/ngcp-config/config.yml line 4");
    assert!(!value(&config, "d").is_null() && value(&config, "e").is_null() && value(&config, "f").is_null());
    assert_eq!(config.list_len(&["l"]), Some(2));
    assert_eq!(value(&config, "l.0").text, "no");
    assert_eq!(config.value(&["l"]), None);
    assert_eq!(config.value(&["a", "b"]), None);
}

#[test]
fn the_user_of_a_list_is_found_by_name() {
    let config = Config::read(&host()).unwrap();
    let found = config.items_where(&["ossbss", "htpasswd"], "user", "ngcpsoap");
    assert_eq!(found.iter().map(|item| (item.index, item.number)).collect::<Vec<_>>(), [(0, 0)]);
    assert_eq!(value(&config, "ossbss.htpasswd.0.pass").text, "{SHA}w4zj3mxbmynIQ1jsUEjSkN2z2pk=");
    assert_eq!(config.keys(&["kamailio"]), ["lb", "proxy"]);
}

/// PLATFORM.md 2.1: the later file wins, lists are appended, and a shadowed value is told.
#[test]
fn later_files_win_and_lists_are_appended() {
    let main = "a: main\nm: {x: 1, y: 2}\nl:\n- one\n- two\n";
    let host = Simulated::new()
        .file("/etc/ngcp-config/config.yml", main)
        .file("/etc/ngcp-config/config.web01a.yml", "a: node\nl: [three]\n")
        .file("/etc/ngcp-config/config.web01.yml", "a: pair\n")
        .file("/etc/ngcp-config/config.box.yml", "a: host\n")
        .file("/etc/ngcp-config/config.local.yml", "a: local\nm:\n  y: 3\n")
        .file("/etc/ngcp-config/config.d/20-b.yml", "a: second\nl: [four]\nnew: 1\n")
        .file("/etc/ngcp-config/config.d/10-a.yml", "a: first\n")
        .file("/etc/ngcp-config/config.d/readme.txt", "a: [")
        .file("/etc/ngcp_nodename", "web01a\n")
        .file("/etc/hostname", "box\n");
    let config = Config::read(&host).unwrap();
    let names: Vec<_> = config.files().iter().map(|f| f.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "config.yml",
            "config.web01a.yml",
            "config.web01.yml",
            "config.box.yml",
            "config.local.yml",
            "10-a.yml",
            "20-b.yml"
        ]
    );
    assert_eq!(value(&config, "a").text, "second");
    assert_eq!(value(&config, "m.x").text, "1");
    assert_eq!(value(&config, "m.y").text, "3");
    let list: Vec<_> = config.list(&["l"]).into_iter().map(|value| value.text).collect();
    assert_eq!(list, ["one", "two", "three", "four"]);
    let main = config.main(&["m", "y"]).unwrap();
    assert_eq!((main.text.as_str(), main.place.line), ("2", 2));
    assert_eq!(main.shadowed_by.unwrap().to_string(), "/etc/ngcp-config/config.local.yml line 3");
    assert_eq!(config.main(&["m", "x"]).unwrap().shadowed_by, None);
    assert_eq!(config.main(&["l", "0"]).unwrap().shadowed_by, None);
    assert!(config.shadow(&["new"]).is_some());
}

/// An item is told by the file it stands in: there it has a number of its own.
#[test]
fn items_of_every_file_that_adds_to_a_list_are_found() {
    let host = Simulated::new()
        .file("/etc/ngcp-config/config.yml", "l:\n- {user: a}\n- {user: b}\n- {user: a}\n")
        .file("/etc/ngcp-config/config.local.yml", "l:\n- {user: c}\n- {user: a}\n")
        .file("/etc/ngcp-config/constants.yml", "l:\n- {user: a}\n");
    let config = Config::read(&host).unwrap();
    let found = config.items_where(&["l"], "user", "a");
    let found: Vec<_> =
        found.iter().map(|i| (i.index, i.file.file_name().unwrap().to_str().unwrap(), i.number)).collect();
    assert_eq!(found, [(0, "config.yml", 0), (2, "config.yml", 2), (4, "config.local.yml", 1)]);
    assert!(config.constant(&["l"]).is_some_and(|place| place.file.ends_with("constants.yml")));
}

/// F62: constants.yml decides and shadows, but its values stay where they are.
#[test]
fn constants_shadow_but_their_values_are_never_kept() {
    let host = host().file(
        "/etc/ngcp-config/constants.yml",
        "general:\n  ngcp_type: spce\nkamailio:\n  lb:\n    port: canary-5099\ndatabase:\n  dbpassword: canary-secret\n",
    );
    let config = Config::read(&host).unwrap();
    assert_eq!(ngcp_type(&host).as_deref(), Some("spce"));
    assert_eq!(value(&config, "kamailio.lb.port").text, "5060");
    assert_eq!(value(&config, "kamailio.lb.port").shadowed_by.unwrap().line, 5);
    assert_eq!(config.value(&["database", "dbpassword"]), None);
    assert!(!format!("{config:?}").contains("canary"));
}

/// F39, F40: what is broken is named with file and line; a broken constants.yml is only told.
#[test]
fn broken_files_are_named() {
    let why = |host: &Simulated| format!("{:#}", Config::read(host).unwrap_err());
    assert!(why(&Simulated::new()).contains("config.yml is not there"));
    let local = "/etc/ngcp-config/config.local.yml";
    assert!(why(&host().file(local, "a: 1\na: 2\n")).contains("config.local.yml: line 2: the key 'a'"));
    assert!(why(&host().file(local, b"a: 1\nb: \xff\n")).contains("config.local.yml line 2: not UTF-8"));
    assert!(why(&host().file(local, "- a\n")).contains("no keys"));
    assert!(Config::read(&host().file(local, "# nothing\n")).is_ok());
    // What the host's tools refuse is refused with their line.
    for text in ["a: 1\n\t\nb: 2\n", "a: 1\nb: \u{1}\n"] {
        assert!(
            why(&host().file(local, text)).contains("config.local.yml: line 2: not valid YAML"),
            "{text:?}"
        );
    }
    assert!(Config::read(&host().file(local, "---\n~\n")).is_ok());
    assert!(Config::read(&host().file(local, "\u{feff}---\na: 1\n")).is_ok());
    let config = Config::read(&host().file("/etc/ngcp-config/constants.yml", "a: [canary\n")).unwrap();
    assert!(config.unseen()[0].contains("constants.yml") && !config.unseen()[0].contains("canary"));
}

/// A node name that is no name is not made into a path.
#[test]
fn odd_host_names_are_left_out() {
    for name in ["../../tmp/x", "a/b", "", "\u{0}", "ä"] {
        let host = host().file("/etc/hostname", name).file("/etc/ngcp_nodename", name);
        assert!(Config::read(&host).unwrap().files().len() == 1, "{name:?}");
    }
}

/// An alias is read as what it stands for.
#[test]
fn aliases_are_read_through() {
    let host = Simulated::new().file("/etc/ngcp-config/config.yml", "a: &x\n  k: 1\nb: *x\n");
    assert_eq!(value(&Config::read(&host).unwrap(), "b.k").text, "1");
}
