"""Opens one TLS connection with Python's ssl module: PORT NAME|- ALPN|- VERSION|-. Nothing is verified."""

import socket
import ssl
import sys

port, name, alpn, version = sys.argv[1:5]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
if alpn != "-":
    context.set_alpn_protocols(alpn.split(","))
if version != "-":
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
with socket.create_connection(("127.0.0.1", int(port))) as plain:
    with context.wrap_socket(plain, server_hostname=None if name == "-" else name) as secure:
        secure.recv(1)
