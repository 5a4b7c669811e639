"""A TLS server and a caller of today, both in memory: does the server load the files, and does the caller come through?

Reads lines of "NAME TAB CERTIFICATES TAB KEY TAB AUTHORITY TAB HOST", prints "NAME TAB loads|REASON TAB served|REASON".
The server loads its files by the same calls as nginx and kamailio. The caller looks for the host as browsers do.
"""

import ssl
import sys


def load(certificates, key):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificates, key, password=lambda: "")
    return server


def shake(server, authority, host):
    caller = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    caller.load_verify_locations(authority)
    caller.hostname_checks_common_name = False
    caller.maximum_version = ssl.TLSVersion.TLSv1_2
    caller.set_ciphers("ECDHE+AESGCM")
    to_server, to_caller = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = server.wrap_bio(to_server, to_caller, server_side=True)
    other = caller.wrap_bio(to_caller, to_server, server_hostname=host)
    waiting = [other, one]
    for _ in range(20):
        for side in list(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                pass
        if not waiting:
            return
    raise ssl.SSLError("no end")


def reason(error):
    return " ".join(str(error).split()) or type(error).__name__


for line in sys.stdin:
    name, certificates, key, authority, host = line.rstrip("\n").split("\t")
    loads, served = "loads", "not loaded"
    try:
        context = load(certificates, key)
        try:
            shake(context, authority, host)
            served = "served"
        except (ssl.SSLError, ssl.CertificateError, OSError) as error:
            served = reason(error)
    except (ssl.SSLError, OSError, ValueError) as error:
        loads = reason(error)
    print(name, loads, served, sep="\t", flush=True)
