//! Which algorithms ssh-audit calls weak, and what is left without them.

/// Keywords of the server's configuration that list algorithms, written small, and what each is called.
pub const LISTS: [(&str, &str, &str); 4] = [
    ("kexalgorithms", "KexAlgorithms", "key exchange"),
    ("hostkeyalgorithms", "HostKeyAlgorithms", "host keys"),
    ("ciphers", "Ciphers", "ciphers"),
    ("macs", "MACs", "checksums"),
];

const STRONG: [&str; 29] = [
    "mlkem768x25519-sha256",
    "sntrup761x25519-sha512",
    "sntrup761x25519-sha512@openssh.com",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
    "ssh-ed25519",
    "ssh-ed25519-cert-v01@openssh.com",
    "sk-ssh-ed25519@openssh.com",
    "sk-ssh-ed25519-cert-v01@openssh.com",
    "rsa-sha2-512",
    "rsa-sha2-256",
    "rsa-sha2-512-cert-v01@openssh.com",
    "rsa-sha2-256-cert-v01@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-gcm@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256-etm@openssh.com",
    "umac-128-etm@openssh.com",
    // Older servers have nothing better; ssh-audit only warns.
    "diffie-hellman-group-exchange-sha256",
    "hmac-sha2-512",
    "hmac-sha2-256",
    "umac-128@openssh.com",
    "diffie-hellman-group14-sha256",
];
/// From here on, the entries of [`STRONG`] are a last resort.
const LAST_RESORT: usize = 24;

/// Whether ssh-audit fails an algorithm outright. What nobody heard of is not judged.
pub fn is_weak(name: &str) -> bool {
    let base = name.split('@').next().unwrap_or(name);
    let parts: Vec<&str> = base.split('-').collect();
    let has = |part: &str| parts.contains(&part);
    (has("sha1") || has("md5") || has("ripemd160") || has("dss"))
        || parts.iter().any(|part| part.starts_with("nistp"))
        || matches!(base, "none" | "ssh-rsa" | "hmac-ripemd160" | "rijndael-cbc" | "ssh-rsa-cert-v01")
        || ["3des", "arcfour", "arcfour128", "arcfour256", "blowfish", "cast128", "des"].contains(&parts[0])
        || base == "rsa1024-sha1"
        || (has("group1") && has("sha1"))
        || name == "diffie-hellman-group1-sha256"
}

/// The weak ones of a comma-separated list.
pub fn weak(list: &str) -> Vec<&str> {
    names(list).filter(|name| is_weak(name)).collect()
}

/// The same list with the strong ones only; what this server does not know is never added. `None` when nothing would
/// be left.
pub fn strong(list: &str) -> Option<String> {
    let among = |known: &[&str]| {
        let kept: Vec<&str> = names(list).filter(|name| known.contains(name)).collect();
        (!kept.is_empty()).then(|| kept.join(","))
    };
    among(&STRONG[..LAST_RESORT]).or_else(|| among(&STRONG))
}

fn names(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty())
}
