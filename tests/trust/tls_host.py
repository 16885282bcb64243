"""A real TLS server on this machine, with a certificate of its own authority, that answers with the bytes it is told to."""

from __future__ import annotations

import datetime
import re
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

#: Called with the request's bytes and the connection; sends the answer.
Answer = Callable[[bytes, socket.socket], None]


def certificate(folder: Path, name: str, days: int = 1) -> Path:
    """A self-signed certificate for ``name`` with its key, in one PEM file; negative ``days``: it has ended."""
    key = ec.generate_private_key(ec.SECP256R1())
    title = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(title)
        .issuer_name(title)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=9))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    file = folder / f"{name}{days}.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + made.public_bytes(Encoding.PEM))
    return file


def answer(body: bytes, *headers: str, status: str = "200 OK", type: str = "application/json") -> Answer:
    """One whole answer."""
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {len(body)}",
        *([f"Content-Type: {type}"] if type else []),
        *headers,
        "",
        "",
    ]

    def send(_request: bytes, connection: socket.socket) -> None:
        connection.sendall("\r\n".join(lines).encode("latin-1") + body)

    return send


def whole_request(connection: socket.socket) -> bytes:
    """A request with its body, however many packets it came in."""
    head, blank, body = connection.recv(65536).partition(b"\r\n\r\n")
    wanted = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    while wanted and len(body) < int(wanted[1]):
        body += connection.recv(65536)
    return head + blank + body


class Host:
    """The server: ``requests`` holds what it was sent, ``connections`` how many came."""

    def __init__(self, pem: Path, send: Answer) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._send = send
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(pem)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self._stopped = threading.Event()
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Host:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopped.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self._stopped.is_set():
            try:
                plain, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            plain.settimeout(20)
            try:
                with self._tls.wrap_socket(plain, server_side=True) as connection:
                    request = whole_request(connection)
                    self.requests.append(request)
                    self._send(request, connection)
            except OSError:
                # The client hung up: that is what some of the tests are about.
                plain.close()
