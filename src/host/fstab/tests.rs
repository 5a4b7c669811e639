use super::*;

fn root(text: &str) -> Entry {
    let fstab = Fstab::parse(text.as_bytes()).unwrap();
    let entries = fstab.at(Path::new("/"));
    assert_eq!(entries.len(), 1, "{text:?}");
    entries[0].clone()
}

/// F35: what becomes of the options of a line.
#[test]
fn options_become_noatime_and_lose_only_its_rivals() {
    for (options, expected) in [
        ("defaults", "defaults,noatime"),
        ("errors=remount-ro", "errors=remount-ro,noatime"),
        ("relatime", "noatime"),
        ("rw,relatime,errors=remount-ro", "rw,noatime,errors=remount-ro"),
        ("defaults,strictatime", "defaults,noatime"),
        ("atime,nosuid", "noatime,nosuid"),
        ("norelatime,nostrictatime", "noatime"),
        ("nodiratime,relatime", "nodiratime,noatime"),
        ("lazytime", "lazytime,noatime"),
        ("diratime,lazytime", "noatime,lazytime"),
        ("noatime,relatime", "noatime"),
        ("noatime,rw,strictatime,noatime", "noatime,rw"),
        ("x-note=relatime,rw", "x-note=relatime,rw,noatime"),
        ("context=\"a,atime\",rw", "context=\"a,atime\",rw,noatime"),
    ] {
        assert_eq!(noatime(options).as_deref(), Some(expected), "{options}");
        assert_eq!(noatime(expected), None, "a second time: {expected}");
    }
    for options in
        ["noatime", "rw,noatime", "defaults,noatime,nodiratime", "noatime,lazytime", "noatime,noatime"]
    {
        assert_eq!(noatime(options), None, "{options}");
    }
}

/// F33: one option field differs afterwards and no other byte.
#[test]
fn an_edit_touches_exactly_the_option_field() {
    for (line, expected) in [
        ("/dev/vda1 / ext4 defaults 0 1", "/dev/vda1 / ext4 defaults,noatime 0 1"),
        (
            "UUID=0c8e\t/\text4\terrors=remount-ro\t0\t1",
            "UUID=0c8e\t/\text4\terrors=remount-ro,noatime\t0\t1",
        ),
        ("LABEL=root  /  xfs   relatime   0 0", "LABEL=root  /  xfs   noatime   0 0"),
        ("PARTUUID=aa-01 / ext4 rw", "PARTUUID=aa-01 / ext4 rw,noatime"),
        ("  /dev/mapper/vg-root / ext3 rw 0 ", "  /dev/mapper/vg-root / ext3 rw,noatime 0 "),
        ("/dev/sda1 \t / \t auto \t rw \t 0 1 # root", "/dev/sda1 \t / \t auto \t rw,noatime \t 0 1 # root"),
        ("LABEL=my\\040disk / ext4 rw 0 1", "LABEL=my\\040disk / ext4 rw,noatime 0 1"),
        ("/dev/sda1 // ext4 rw 0 1", "/dev/sda1 // ext4 rw,noatime 0 1"),
        ("rw / rw rw 0 1", "rw / rw rw,noatime 0 1"),
        ("/dev/sda1 / ext4 comment=größe,rw 0 1", "/dev/sda1 / ext4 comment=größe,rw,noatime 0 1"),
    ] {
        for (before, after, end) in
            [("", "", ""), ("# a\n\n", "\n", "\n"), ("# a\r\n", "\r\nproc /proc proc x\r\n", "\r")]
        {
            let entry = root(&format!("{before}{line}{after}"));
            assert_eq!(entry.set_noatime(), Some((line.to_owned(), expected.to_owned())), "{line:?} {end:?}");
            assert!(root(expected).is_noatime());
        }
    }
}

/// F33, F34: what is no entry for a mount point is not taken for one, and a doubled one is seen.
#[test]
fn only_real_entries_count() {
    for text in [
        "",
        "\n\n",
        "#/dev/sda1 / ext4 rw 0 1",
        "  # / / / /",
        "/dev/sda1 / ext4",
        "/dev/sda1 /mnt ext4 rw / 1",
    ] {
        assert!(Fstab::parse(text.as_bytes()).unwrap().at(Path::new("/")).is_empty(), "{text:?}");
    }
    let twice =
        Fstab::parse(b"/dev/sda1 / ext4 rw 0 1\nproc /proc proc defaults\n/dev/sdb1 / ext4 rw 0 1").unwrap();
    let numbers: Vec<usize> = twice.at(Path::new("/")).iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, [1, 3]);
    let data = Fstab::parse(b"/dev/sdb1 /ngcp-data/ ext4 rw\n/dev/sdc /with\\040blank ext4 rw").unwrap();
    assert_eq!(data.at(Path::new("/ngcp-data")).len(), 1);
    assert_eq!(data.at(Path::new("/with blank")).len(), 1);
}

/// S18: limits, and bytes that cannot be written back.
#[test]
fn damaged_files_are_refused_or_left_alone() {
    assert!(Fstab::parse(&vec![b'\n'; LINE_LIMIT + 1]).is_err());
    assert!(Fstab::parse(&vec![b'#'; SIZE_LIMIT + 1]).is_err());
    assert!(Fstab::parse(b"/dev/sda1 / ext4\0 rw 0 1\n").is_err());
    let latin = Fstab::parse(b"# gr\xfc\xdfe\n/dev/sda1 / ext4 rw,x-a=\xfc 0 1\n").unwrap();
    let entry = latin.at(Path::new("/"))[0];
    assert!(!entry.is_noatime());
    assert_eq!(entry.set_noatime(), None);
    let comment = Fstab::parse(b"# gr\xfc\xdfe\n/dev/sda1 / ext4 rw 0 1\n").unwrap();
    assert_eq!(comment.at(Path::new("/"))[0].set_noatime(), None);
}

#[test]
fn octal_escapes_are_resolved_and_others_stay() {
    assert_eq!(unescaped(b"/a\\040b\\011c\\134d"), Path::new("/a b\tc\\d"));
    assert_eq!(unescaped(b"/a\\0"), Path::new("/a\\0"));
    assert_eq!(unescaped(b"/a\\777\\08\\"), Path::new("/a\\777\\08\\"));
}
