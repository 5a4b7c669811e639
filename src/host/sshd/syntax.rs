//! One line of `sshd_config`, taken apart as sshd does it: keyword, words with quotes and escapes, comment.

/// Blanks between words, and around a line.
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// A line with a keyword.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Setting {
    /// Written small, by its name of today.
    pub(super) keyword: String,
    pub(super) words: Vec<String>,
    /// The words; what is one text to sshd as it stands.
    pub(super) value: String,
    /// Why sshd does not take it, or may read it otherwise.
    pub(super) doubt: Option<String>,
}

/// A line; `None` when it says nothing.
pub(super) fn setting(text: &str) -> Option<Setting> {
    let text = text.trim_start_matches(BLANKS).trim_end_matches(|c| BLANKS.contains(&c) || c == '\u{c}');
    if text.is_empty() || text.starts_with('#') {
        return None;
    }
    let end = text.find(|c: char| BLANKS.contains(&c) || c == '=' || c == '"').unwrap_or(text.len());
    let rest = text[end..].trim_start_matches(BLANKS);
    let rest = rest.strip_prefix('=').unwrap_or(rest).trim_start_matches(BLANKS);
    let keyword = name(&text[..end].to_ascii_lowercase()).to_owned();
    let mut found = Setting { keyword, value: rest.to_owned(), ..Setting::default() };
    let why = match words(rest) {
        _ if is_template_error(text) => TEMPLATE_ERROR.to_owned(),
        _ if text.contains('\0') => "a byte that ends the line for sshd stands in it".to_owned(),
        _ if !KEYWORDS.split(' ').any(|one| one == found.keyword) => {
            let known: String = found.keyword.chars().filter(|c| !c.is_control()).take(40).collect();
            format!("{known} is no keyword of sshd that is known")
        }
        Err(why) => why.to_owned(),
        Ok(words) if words.is_empty() => "there is no value".to_owned(),
        Ok(words) => {
            found.words = words;
            judge(&mut found).unwrap_or_default()
        }
    };
    found.doubt = Some(why).filter(|why| !why.is_empty());
    Some(found)
}

/// What is said of it.
pub(super) const TEMPLATE_ERROR: &str = "an error of its template stands there instead of settings";

/// An old platform (mr4.5 was seen to) puts what went wrong with a template into the file: `file error - no such file`.
fn is_template_error(text: &str) -> bool {
    let kind = text.split(' ').next().unwrap_or_default();
    let kinds = ["file", "parse", "undef", "plugin", "filter", "perl", "interpolate", "template", "stash"];
    kinds.contains(&kind) && text[kind.len()..].starts_with(" error - ")
}

/// What today's versions call a keyword.
fn name(keyword: &str) -> &str {
    match keyword {
        "challengeresponseauthentication" | "skeyauthentication" => "kbdinteractiveauthentication",
        "pubkeyacceptedkeytypes" => "pubkeyacceptedalgorithms",
        "hostbasedacceptedkeytypes" => "hostbasedacceptedalgorithms",
        "dsaauthentication" => "pubkeyauthentication",
        "hostdsakey" => "hostkey",
        "keepalive" => "tcpkeepalive",
        keyword => keyword,
    }
}

/// The words of a text up to a comment, as `argv_split` of sshd parts them.
///
/// # Errors
/// When a quotation mark is not closed.
fn words(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut rest = text.chars().peekable();
    loop {
        while rest.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        if matches!(rest.peek(), None | Some('#')) {
            return Ok(words);
        }
        let (mut word, mut quote) = (String::new(), None);
        while let Some(c) = rest.next_if(|c| quote.is_some() || !matches!(c, ' ' | '\t')) {
            match c {
                '\\' => {
                    let escaped = |c: &char| matches!(c, '\'' | '"' | '\\') || quote.is_none() && *c == ' ';
                    word.push(rest.next_if(escaped).unwrap_or(c));
                }
                '\'' | '"' if quote.is_none() => quote = Some(c),
                c if quote == Some(c) => quote = None,
                c => word.push(c),
            }
        }
        if quote.is_some() {
            return Err("a quotation mark is not closed");
        }
        words.push(word);
    }
}

/// Puts the value together; why sshd would refuse it.
fn judge(found: &mut Setting) -> Option<String> {
    let keyword = found.keyword.as_str();
    if TEXTS.contains(&keyword) {
        return None;
    }
    let known = YES_NO.contains(&keyword).then_some(&["yes", "no"][..]).or_else(|| choices(keyword));
    if keyword == "match" {
        return criteria(found);
    }
    found.value = found.words.join(" ");
    let more = found.words.len() > 1 && !SEVERAL.contains(&keyword);
    let blank = found.words.iter().any(|word| word.is_empty() || word.contains([' ', '\t']));
    if let Some(known) = known {
        found.value.make_ascii_lowercase();
        if !known.contains(&found.value.as_str()) {
            return Some(format!("a value of {keyword} that is not known"));
        }
    }
    let number = NUMBERS.contains(&keyword) && found.value.parse::<u32>().is_err();
    match () {
        () if more => Some("there is more than one value".to_owned()),
        () if number => Some(format!("the value of {keyword} is no number")),
        () if blank => Some("a value with a blank in it, or an empty one".to_owned()),
        () => None,
    }
}

/// What is behind `Match`: names and values, an equals sign between them or a blank.
fn criteria(found: &mut Setting) -> Option<String> {
    let text = found.words.join(" ").replace('=', " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    found.value = words.join(" ");
    if let [all] = words[..]
        && all.eq_ignore_ascii_case("all")
    {
        return None;
    }
    let known = ["user", "group", "host", "address", "localaddress", "localport", "rdomain"];
    let whole = words.len().is_multiple_of(2)
        && words.chunks(2).all(|pair| known.contains(&pair[0].to_ascii_lowercase().as_str()));
    (!whole).then(|| "a Match that is not known".to_owned())
}

fn choices(keyword: &str) -> Option<&'static [&'static str]> {
    match keyword {
        "permitrootlogin" => {
            Some(&["yes", "no", "without-password", "prohibit-password", "forced-commands-only"])
        }
        "allowtcpforwarding" | "allowstreamlocalforwarding" => Some(&["yes", "no", "all", "local", "remote"]),
        _ => None,
    }
}

const YES_NO: [&str; 12] = [
    "passwordauthentication",
    "kbdinteractiveauthentication",
    "permitemptypasswords",
    "pubkeyauthentication",
    "hostbasedauthentication",
    "gssapiauthentication",
    "kerberosauthentication",
    "usepam",
    "strictmodes",
    "x11forwarding",
    "allowagentforwarding",
    "disableforwarding",
];
const NUMBERS: [&str; 4] = ["maxauthtries", "maxsessions", "requiredrsasize", "x11displayoffset"];
/// Refused within a Match block, among those that decide about logins.
pub(super) const FOR_EVERYBODY: [&str; 12] = [
    "usepam",
    "strictmodes",
    "port",
    "listenaddress",
    "addressfamily",
    "hostkey",
    "hostkeyalgorithms",
    "kexalgorithms",
    "ciphers",
    "macs",
    "usedns",
    "pidfile",
];
/// One text to sshd, quotes and all.
const TEXTS: [&str; 4] =
    ["forcecommand", "authorizedkeyscommand", "authorizedprincipalscommand", "subsystem"];
/// Keywords with several words.
const SEVERAL: [&str; 22] = [
    "acceptenv",
    "allowgroups",
    "allowusers",
    "authenticationmethods",
    "authorizedkeysfile",
    "channeltimeout",
    "denygroups",
    "denyusers",
    "include",
    "ipqos",
    "listenaddress",
    "logverbose",
    "permitlisten",
    "permitopen",
    "permituserenvironment",
    "persourcenetblocksize",
    "persourcepenalties",
    "persourcepenaltyexemptlist",
    "protocol",
    "rekeylimit",
    "setenv",
    "versionaddendum",
];
/// Every keyword that a version of sshd takes, or took and passes over now, by its name of today (sshd_config(5)).
const KEYWORDS: &str = "\
    acceptenv addressfamily allowagentforwarding allowgroups allowstreamlocalforwarding allowtcpforwarding \
    allowusers authenticationmethods authorizedkeyscommand authorizedkeyscommanduser authorizedkeysfile \
    authorizedkeysfile2 authorizedprincipalscommand authorizedprincipalscommanduser authorizedprincipalsfile \
    banner casignaturealgorithms channeltimeout checkmail chrootdirectory ciphers clientalivecountmax \
    clientaliveinterval compression debianbanner denygroups denyusers disableforwarding exposeauthinfo \
    fingerprinthash forcecommand gatewayports gssapiauthentication gssapicleanupcredentials \
    gssapienablek5users gssapikexalgorithms gssapikeyexchange gssapistorecredentialsonrekey \
    gssapistrictacceptorcheck hostbasedacceptedalgorithms hostbasedauthentication \
    hostbasedusesnamefrompacketonly hostcertificate hostkey hostkeyagent hostkeyalgorithms ignorerhosts \
    ignoreuserknownhosts include ipqos kbdinteractiveauthentication kerberosauthentication \
    kerberosgetafstoken kerberosorlocalpasswd kerberosticketcleanup kexalgorithms keyregenerationinterval \
    listenaddress logingracetime loglevel logverbose macs match maxauthtries maxsessions maxstartups \
    modulifile passwordauthentication permitemptypasswords permitlisten permitopen permitrootlogin permittty \
    permittunnel permituserenvironment permituserrc persourcemaxstartups persourcenetblocksize \
    persourcepenalties persourcepenaltyexemptlist pidfile port printlastlog printmotd protocol \
    pubkeyacceptedalgorithms pubkeyauthentication pubkeyauthoptions rdomain refuseconnection rekeylimit \
    requiredrsasize revokedkeys rhostsrsaauthentication rsaauthentication securitykeyprovider serverkeybits \
    setenv sshdauthpath sshdsessionpath streamlocalbindmask streamlocalbindunlink strictmodes subsystem \
    syslogfacility tcpkeepalive trustedusercakeys unusedconnectiontimeout usedns uselogin usepam \
    useprivilegeseparation versionaddendum x11displayoffset x11forwarding x11maxdisplays x11uselocalhost \
    xauthlocation";
