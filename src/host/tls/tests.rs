//! On a host in memory: what programs print was recorded from OpenSSL 3.0, nginx 1.22 and kamailio 5.6, and from
//! OpenSSL 1.0.1 where it says so.

use std::path::Path;

use super::{
    Daemon::{Kamailio, Nginx},
    *,
};
use crate::executor::{
    Status, Stream, World,
    simulated::{Answer, Simulated},
};

const LEAF: &str = "-----BEGIN CERTIFICATE-----\nTEVBRg==\n-----END CERTIFICATE-----\n";
const ISSUER: &str = "-----BEGIN CERTIFICATE-----\nSVNTVUVS\n-----END CERTIFICATE-----\n";
const TABLE: &str =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const NO_HANDSHAKE: &str = "80BB:error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:../ssl/record/rec_layer_s3.c:1601:SSL alert number 40";

fn shown(chain: &[&str], end: &str) -> Answer {
    let chain: String =
        chain.iter().enumerate().map(|(n, pem)| format!(" {n} s:CN = x\n   i:CN = y\n{pem}")).collect();
    Answer::code(0)
        .error("depth=0 CN = x")
        .print(Stream::Out, format!("CONNECTED(00000003)\n---\nCertificate chain\n{chain}---\nServer certificate\nsubject=CN = x\n---\n{end}\n"))
}

fn asked(port: u16, name: Option<&str>) -> Question {
    Question { port, name: name.map(str::to_owned) }
}

/// A line of `/proc/net/tcp` of this little-endian world.
fn socket(address: &str, port: u16, state: &str) -> String {
    format!(
        "   0: {address}:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n"
    )
}

fn host(sockets: &[String]) -> Simulated {
    Simulated::new().file("/proc/net/tcp", format!("{TABLE}{}", sockets.concat()))
}

#[test]
fn what_comes_over_the_wire_is_told_in_its_order() {
    let sockets =
        [socket("00000000", 443, "0A"), socket("0500000A", 5061, "0A"), socket("00000000", 80, "06")];
    let six = format!("{TABLE}{}", socket("00000000000000000000000000000000", 1443, "0A"));
    let host = host(&sockets).file("/proc/net/tcp6", six).on("openssl", |_, command| {
        match command.args.join(" ").as_str() {
            "s_client -connect 127.0.0.1:443 -showcerts" => {
                shown(&[LEAF, ISSUER], "New, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384")
            }
            "s_client -connect 127.0.0.1:443 -showcerts -servername sip.example.net" => {
                shown(&[ISSUER], "New, TLSv1/SSLv3, Cipher is ECDHE-RSA-AES256-GCM-SHA384")
            }
            // It listens on IPv6 alone.
            "s_client -connect 127.0.0.1:1443 -showcerts" => Answer::code(1)
                .error("80:error:8000006F:system library:BIO_connect:Connection refused:../crypto/bio/bio_sock2.c:127:calling connect()")
                .error("connect:errno=111"),
            // It wants a certificate of ours, shows its own and breaks off.
            "s_client -connect [::1]:1443 -showcerts" => {
                shown(&[LEAF], "New, (NONE), Cipher is (NONE)").error(NO_HANDSHAKE).ending(Status::Code(1))
            }
            "s_client -connect 10.0.0.5:5061 -showcerts" => {
                let answer =
                    Answer::code(1).line("CONNECTED(00000003)").line("no peer certificate available");
                answer.line("New, (NONE), Cipher is (NONE)").error(NO_HANDSHAKE)
            }
            other => panic!("{other}"),
        }
    });
    let questions = [
        asked(443, None),
        asked(443, Some("sip.example.net")),
        asked(1443, None),
        asked(5061, None),
        asked(80, None),
        asked(443, None),
        asked(443, Some("-proxy")),
    ];
    let chain = |chain: &[&str], protocol: Option<&str>| Served::Chain {
        chain: chain.iter().map(|pem| (*pem).to_owned()).collect(),
        protocol: protocol.map(str::to_owned),
    };
    assert_eq!(
        served(&host, &questions),
        [
            chain(&[LEAF, ISSUER], Some("TLSv1.3")),
            chain(&[ISSUER], Some("TLSv1/SSLv3")),
            chain(&[LEAF], None),
            Served::Refused("sslv3 alert handshake failure".to_owned()),
            Served::Nothing,
            chain(&[LEAF, ISSUER], Some("TLSv1.3")),
            Served::Unknown("-proxy is no name of a server".to_owned()),
        ]
    );
    assert_eq!(host.commands().len(), 5, "the same was asked twice, or a name that is an option");
}

#[test]
fn what_cannot_be_asked_is_unknown_and_what_speaks_no_tls_says_so() {
    let question = [asked(443, None)];
    let listens = || host(&[socket("00000000", 443, "0A")]);
    let cases = [
        (
            Answer::code(1)
                .line("CONNECTED(00000003)")
                .error("80:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl/record/ssl3_record.c:354:"),
            Served::Refused("it does not speak TLS (wrong version number)".to_owned()),
        ),
        (
            // OpenSSL 1.0.1
            Answer::code(1)
                .line("CONNECTED(00000003)")
                .error("139:error:140770FC:SSL routines:SSL23_GET_SERVER_HELLO:unknown protocol:s23_clnt.c:766:"),
            Served::Refused("it does not speak TLS (unknown protocol)".to_owned()),
        ),
        (
            Answer::code(1).error("connect:errno=111"),
            Served::Refused("no connection (error 111)".to_owned()),
        ),
        (
            Answer::code(0).line("CONNECTED(00000003)").ending(Status::TimedOut),
            Served::Refused("no TLS handshake within 4 seconds".to_owned()),
        ),
        (
            Answer::code(1).error("unknown option -showcerts").error("usage: s_client args"),
            Served::Unknown("openssl s_client: exit code 1: usage: s_client args".to_owned()),
        ),
    ];
    for (answer, wanted) in cases {
        let host = listens().on("openssl", move |_, _| answer.clone());
        assert_eq!(served(&host, &question), [wanted]);
    }
    assert!(matches!(&served(&listens(), &question)[..], [Served::Unknown(_)]), "without openssl");
    assert!(matches!(&served(&Simulated::new(), &question)[..], [Served::Unknown(_)]), "without /proc");
    let tree = listens().with_world(World::Tree);
    assert!(matches!(&served(&tree, &question)[..], [Served::Unknown(_)]) && tree.commands().is_empty());
}

#[test]
fn what_a_service_reads_is_tried_as_its_user_f71() {
    let passwd = "root:x:0:0::/root:/bin/sh\nkamailio:x:104:107::/run/kamailio:/usr/sbin/nologin\n";
    let answering = |answer: Answer| {
        Simulated::new()
            .file("/etc/passwd", passwd)
            .on("setpriv", move |_, _| answer.clone())
            .on("head", |_, _| Answer::code(0).print(Stream::Out, "-"))
    };
    let path = Path::new("/etc/ngcp-config/ssl/a.key");
    let host = answering(Answer::from("-"));
    assert_eq!(readable(&host, "kamailio", path), Readable::Yes);
    assert_eq!(readable(&host, "root", path), Readable::Yes);
    let tried = "--reuid 104 --regid 107 --init-groups -- head -c 1 /etc/ngcp-config/ssl/a.key";
    assert_eq!(
        host.commands(),
        [format!("setpriv {tried}"), "head -c 1 /etc/ngcp-config/ssl/a.key".to_owned()]
    );
    let no = |why: &str| Readable::No(why.to_owned());
    let said = |line: &str| answering(Answer::code(1).error(line));
    let denied = said("head: cannot open '/etc/ngcp-config/ssl/a.key' for reading: Permission denied");
    assert_eq!(readable(&denied, "kamailio", path), no("permission denied"));
    let folder = said("head: error reading '/etc/ngcp-config/ssl/a.key': Is a directory");
    assert_eq!(readable(&folder, "kamailio", path), no("is a directory"));
    assert_eq!(readable(&answering(Answer::code(0)), "kamailio", path), no("it is empty"));
    for host in [
        said("setpriv: setresuid failed: Operation not permitted"),
        Simulated::new().file("/etc/passwd", passwd),
        Simulated::new(),
        answering(Answer::from("-")).with_world(World::Tree),
    ] {
        assert!(matches!(readable(&host, "kamailio", path), Readable::Unknown(_)), "{:?}", host.commands());
    }
    assert!(matches!(readable(&host, "kamailio", Path::new("a.key")), Readable::Unknown(_)));
}

/// A host with both daemons: each listens on the port it is told to and then ends as it is told, the handshake
/// answers as told.
fn daemons(ends: Answer, handshake: Answer) -> Simulated {
    let daemon = move |files: &mut crate::executor::simulated::Files, command: &crate::executor::Command| {
        let settings = command.credentials.as_ref().and_then(|text| text.expose_str()).unwrap_or_default();
        assert!(
            settings.contains("127.0.0.1:24001"),
            "not on loopback alone or on a port in use: {settings}"
        );
        assert_eq!(command.args[..3], ["-s", "KILL", "20"], "it would run on when we are killed");
        if ends.clone().ending(Status::Code(0)) == Answer::code(0) {
            files.write("/proc/net/tcp", socket("0100007F", 24001, "0A"));
        }
        ends.clone()
    };
    host(&[socket("0100007F", 24000, "01")])
        .file("/a.crt", format!("# where it came from\n{LEAF}{ISSUER}"))
        .file("/a.key", "key")
        .on("nginx", |_, _| Answer::code(1))
        .on("kamailio", |_, _| Answer::code(1))
        .on("timeout", daemon)
        .on("openssl", move |_, _| handshake.clone())
}

fn tried(host: &Simulated, daemon: Daemon) -> Tried {
    let trial = Trial { daemon, protocols: Some("TLSv1.2 TLSv1.3".to_owned()), ciphers: None };
    trial.run(host, Path::new("/a.crt"), Path::new("/a.key"))
}

#[test]
fn a_second_daemon_must_show_the_certificate() {
    let runs = || Answer::code(0);
    let serves = || shown(&[LEAF, ISSUER], "New, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384");
    for daemon in [Nginx, Kamailio] {
        assert_eq!(tried(&daemons(runs(), serves()), daemon), Tried::Serves("TLSv1.3".to_owned()));
        for (handshake, words) in [
            (
                Answer::code(1).line("CONNECTED(00000003)").error(NO_HANDSHAKE),
                "no handshake succeeds: sslv3 alert",
            ),
            (shown(&[ISSUER], "New, TLSv1.3, Cipher is x"), "another certificate"),
            (shown(&[LEAF], "New, (NONE), Cipher is (NONE)"), "broke off"),
        ] {
            let tried = tried(&daemons(runs(), handshake), daemon);
            assert!(matches!(&tried, Tried::Refused(why) if why.contains(words)), "{tried:?}");
        }
    }
}

#[test]
fn a_second_daemon_says_why_in_its_own_words_f72() {
    let refused = [
        (
            Nginx,
            "2026/11/29 23:51:29 [emerg] 19070#19070: SSL_CTX_use_certificate(\"/a.crt\") failed (SSL: error:0A00018F:SSL routines::ee key too small)",
            "SSL_CTX_use_certificate(\"/a.crt\") failed (ee key too small)",
        ),
        (
            Kamailio,
            " 0(18954) WARNING: tls [tls_init.c:807]: tls_h_mod_init_f(): openssl bug #1491\n \
             0(18954) ERROR: tls [tls_domain.c:576]: load_cert(): TLSs<default>: Unable to load certificate file '/a.crt'\n \
             0(18954) ERROR: tls [tls_util.h:50]: tls_err_ret(): load_cert:error:0A00018F:SSL routines::ee key too small (sni: unknown)",
            "Unable to load certificate file '/a.crt' (ee key too small)",
        ),
        (
            Kamailio,
            " 0(19011) ERROR: tls [tls_domain.c:1360]: load_private_key(): TLSs<default>: Key '/a.key' does not match the public key of the certificate\n \
             0(19011) ERROR: <core> [core/sr_module.c:882]: init_mod_child(): error while initializing module tls",
            "Key '/a.key' does not match the public key of the certificate",
        ),
        (
            Kamailio,
            " 0(1486) ERROR: <core> [core/tcp_main.c:3042]: tcp_init(): could not get TCP protocol number\n \
             0(1486) ERROR: tls [tls_domain.c:576]: load_cert(): TLSs<default>: Unable to load certificate file '/a.crt'",
            "Unable to load certificate file '/a.crt'",
        ),
        (Kamailio, "noise", "exit code 255: noise"),
    ];
    for (daemon, said, why) in refused {
        let host = daemons(Answer::code(255).error(said), Answer::code(0));
        assert_eq!(tried(&host, daemon), Tried::Refused(why.to_owned()));
        assert!(!host.commands().iter().any(|command| command.starts_with("openssl")));
    }
    let not_tried = [
        (
            Kamailio,
            " 0(1) ERROR: <core> [core/udp_server.c:1]: tcp_init(): bind(5, 127.0.0.1): Address already in use",
        ),
        (Kamailio, "kamailio: invalid option -- 'Y'"),
        (Nginx, "nginx: invalid option: \"e\""),
    ];
    for (daemon, said) in not_tried {
        let tried = tried(&daemons(Answer::code(1).error(said), Answer::code(0)), daemon);
        assert!(matches!(tried, Tried::NotTried(_)), "{tried:?}");
    }
}

#[test]
fn a_second_daemon_that_listens_before_it_has_loaded_anything_says_why_it_ends_f72() {
    let said = " 0(7) ERROR: tls [tls_domain.c:1330]: load_private_key(): TLSs<default>: Unable to load private key file '/a.key'";
    let refused = "80AB:error:8000006F:system library:BIO_connect:Connection refused:../crypto/bio/bio_sock2.c:127:calling connect()";
    for handshake in [Answer::code(1).error(refused), Answer::code(1).line("CONNECTED(00000003)").error("")] {
        let tried = tried(&daemons(Answer::code(0).error(said), handshake), Kamailio);
        assert_eq!(tried, Tried::Refused("Unable to load private key file '/a.key'".to_owned()));
    }
}

#[test]
fn what_is_not_there_or_not_understood_is_no_pass() {
    let host = || daemons(Answer::code(0), Answer::code(0));
    let run =
        |host: &Simulated, trial: &Trial, crt: &str| trial.run(host, Path::new(crt), Path::new("/a.key"));
    let trial = |daemon| Trial { daemon, protocols: None, ciphers: None };
    assert!(matches!(run(&Simulated::new(), &trial(Nginx), "/a.crt"), Tried::NotTried(_)));
    assert!(matches!(run(&host().with_world(World::Tree), &trial(Nginx), "/a.crt"), Tried::NotTried(_)));
    let odd = Trial { ciphers: Some("HIGH; include /etc/shadow".to_owned()), ..trial(Nginx) };
    assert!(matches!(run(&host(), &odd, "/a.crt"), Tried::NotTried(_)));
    let odd_name = host().file("/a\"b.crt", LEAF);
    assert!(matches!(run(&odd_name, &trial(Kamailio), "/a\"b.crt"), Tried::NotTried(_)));
    assert!(matches!(run(&host(), &trial(Nginx), "/none.crt"), Tried::Refused(_)));
    assert!(matches!(run(&host(), &trial(Nginx), "/a.key"), Tried::Refused(_)));
}
