"""Who opens an age file and who does not: every kind of key both ways with pyrage, and headers that mean harm."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import NamedTuple

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.errors import InputError, LimitExceeded, Locked, MalformedInput, SatchelError, UsageError
from satchel.limits import DEFAULT, Limits
from satchel.trust import age, bech32
from satchel.trust.age_header import Stanza, write_header
from satchel.trust.age_keys import read_identities, read_recipient
from satchel.trust.redaction.store import check_recipients
from satchel.trust.secrets import Secret

WORDS = b"Rides a bicycle"


class Pair(NamedTuple):
    """A key in all its forms."""

    public: str
    private: bytes
    recipient: object
    identity: object


def _ssh(key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey, form: PrivateFormat = PrivateFormat.OpenSSH) -> Pair:
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + " me@example.org"
    private = key.private_bytes(Encoding.PEM, form, NoEncryption())
    return Pair(public, private, pyrage.ssh.Recipient.from_str(public), pyrage.ssh.Identity.from_buffer(private))


_AGE = pyrage.x25519.Identity.generate()
_RSA = rsa.generate_private_key(65537, 2048)
PAIRS = {
    "age": Pair(str(_AGE.to_public()), f"# mine\n\n{_AGE}\n".encode(), _AGE.to_public(), _AGE),
    "ssh-ed25519": _ssh(ed25519.Ed25519PrivateKey.generate()),
    "ssh-rsa": _ssh(_RSA),
    "rsa-pem": _ssh(_RSA, PrivateFormat.TraditionalOpenSSL),
}
OTHERS = b"\n".join(str(pyrage.x25519.Identity.generate()).encode() for _ in range(3))


def sealed(to: age.Recipients, data: bytes = WORDS) -> bytes:
    file = io.BytesIO()
    sealer = age.sealing(file, to)
    sealer.write(data)
    sealer.finish()
    return file.getvalue()


def opened(file: bytes, *keys: bytes, passphrase: str = "", limits: Limits = DEFAULT) -> bytes:
    identities = [each for key in keys for each in read_identities(key, "key")]
    return age.Identities(identities, lambda _: passphrase, limits).unsealed(io.BytesIO(file), "a.age").read()


@pytest.mark.parametrize("kind", PAIRS)
def test_both_ways_with_another_implementation(kind: str) -> None:
    pair = PAIRS[kind]
    assert pyrage.decrypt(sealed(age.recipients([pair.public])), [pair.identity]) == WORDS
    assert opened(pyrage.encrypt(WORDS, [pair.recipient]), pair.private) == WORDS
    assert opened(sealed(age.recipients([pair.public])), OTHERS, pair.private) == WORDS


def test_a_passphrase_both_ways() -> None:
    to = age.recipients((), Secret("grün 🚲".encode()))
    assert pyrage.passphrase.decrypt(sealed(to), "grün 🚲") == WORDS
    assert opened(sealed(to), passphrase="grün 🚲") == WORDS


def test_each_of_several_opens_it_and_nobody_else() -> None:
    file = sealed(age.recipients([pair.public for pair in PAIRS.values()]))
    for pair in PAIRS.values():
        assert opened(file, pair.private) == pyrage.decrypt(file, [pair.identity]) == WORDS
    with pytest.raises(Locked, match="to 3 keys, and none of yours"):
        opened(file, OTHERS)
    with pytest.raises(Locked, match=r"a\.age: is encrypted to 3 keys \(--identity FILE"):
        opened(file)


def test_a_stanza_that_is_nobodys_is_not_counted() -> None:
    # pyrage adds one at random; this is one for sure.
    file_key = bytes(16)
    file = write_header([read_recipient(PAIRS["age"].public).wrap(file_key), Stanza(("x-grease", "y"), b"z")], file_key)
    with pytest.raises(Locked, match="to 1 key,"):
        opened(file + bytes(40), OTHERS)


def test_a_passphrase_that_is_wrong_or_missing() -> None:
    file = sealed(age.recipients((), Secret(b"right")))
    with pytest.raises(Locked, match="does not open it"):
        opened(file, passphrase="wrong")
    with pytest.raises(Locked, match=age.VARIABLE):
        opened(file, PAIRS["age"].private)


def test_a_passphrase_is_asked_for_once_and_only_if_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(name: str) -> str:
        asked.append(name)
        return "right"

    identities = age.Identities(read_identities(PAIRS["age"].private, "key"), ask)
    file = sealed(age.recipients((), Secret(b"right")))
    assert identities.unsealed(io.BytesIO(sealed(age.recipients([PAIRS["age"].public]))), "b").read() == WORDS
    for data in (file, file, sealed(age.recipients((), Secret(b"right")))):
        assert identities.unsealed(io.BytesIO(data), "a.age").read() == WORDS
    assert asked == ["a.age"]
    monkeypatch.setenv(age.VARIABLE, "right")
    assert opened(file, passphrase="wrong") == WORDS


def test_the_same_words_are_never_encrypted_alike() -> None:
    to = age.recipients([PAIRS["age"].public])
    first, second = sealed(to), sealed(to)
    # But for the header's fixed words nothing is shared: no share, no wrapped key, no MAC, no nonce, no chunk.
    assert {first[at : at + 12] for at in range(30, len(first) - 12)}.isdisjoint(
        second[at : at + 12] for at in range(30, len(second) - 12)
    )


# ---- who may be named


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "nobody"),
        ("bob", "nobody"),
        ("ssh-ed25519", "nobody"),
        ("ssh-ed25519 AAAA", "nobody"),
        ("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8q", "checksum"),
        (str(_AGE.to_public())[:-1], "checksum"),
        (str(_AGE), "private key"),
        (str(_AGE).lower(), "private key"),
        ("bob\x1b[31m", "nobody"),
    ],
    # Not by their texts: keys are made anew each time, and stand in no name.
    ids=["nothing", "name", "no key", "cut key", "typing error", "cut", "private", "private in small letters", "escape"],
)
def test_who_is_nobody(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as told:
        age.recipients([text])
    assert "\x1b" not in str(told.value)
    assert str(_AGE)[20:] not in str(told.value).upper()


def test_keys_that_are_not_encrypted_to() -> None:
    short = rsa.generate_private_key(65537, 1024).public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    curve = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    for text, why in ((short.decode(), "1024 bits"), (curve.decode(), "kind")):
        with pytest.raises(UsageError, match=why):
            read_recipient(text)


#: u of the points of Curve25519 whose order is 1, 2, 4 or 8, those past the prime included (RFC 7748 6.1, SafeCurves).
LOW_ORDER = [
    bytes(32),
    (1).to_bytes(32, "little"),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    (2**255 - 20).to_bytes(32, "little"),
    (2**255 - 19).to_bytes(32, "little"),
    (2**255 - 18).to_bytes(32, "little"),
]
#: The same for Ed25519, as y and the sign of x; and a y that no point of the curve has.
LOW_ORDER_EDWARDS = [
    (1).to_bytes(32, "little"),
    (2**255 - 20).to_bytes(32, "little"),
    bytes(32),
    bytes(31) + b"\x80",
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),
    (2**255 - 19).to_bytes(32, "little"),
    (2**255 - 18).to_bytes(32, "little"),
]
NO_POINT = (2).to_bytes(32, "little")


@pytest.mark.parametrize("point", LOW_ORDER, ids=range(len(LOW_ORDER)))
def test_points_of_low_order_are_nobody_to_encrypt_to(point: bytes) -> None:
    for use in (read_recipient, lambda text: age.recipients([text]), lambda text: check_recipients([text])):
        with pytest.raises(UsageError, match="no use"):
            use(bech32_text("age", point))


@pytest.mark.parametrize("point", [*LOW_ORDER_EDWARDS, NO_POINT], ids=range(len(LOW_ORDER_EDWARDS) + 1))
def test_ssh_keys_of_low_order_are_nobody_to_encrypt_to(point: bytes) -> None:
    with pytest.raises(UsageError, match=r"no use|nobody"):
        read_recipient(ssh_text(b"ssh-ed25519", point))


@pytest.mark.parametrize(
    ("exponent", "modulus"),
    [(65537, 2**20000 + 12345), (2**100 + 1, 2**4095 + 12345), (65537, 2**4095), (2, 2**4095 + 1), (1, 2**4095 + 1)],
    ids=["huge", "huge exponent", "even", "even exponent", "one"],
)
def test_rsa_numbers_that_are_none_are_nobody_to_encrypt_to(exponent: int, modulus: int) -> None:
    numbers = [number.to_bytes(number.bit_length() // 8 + 1, "big") for number in (exponent, modulus)]
    with pytest.raises(UsageError, match=r"no use|nobody"):
        read_recipient(ssh_text(b"ssh-rsa", *numbers))


def bech32_text(prefix: str, data: bytes) -> str:
    """Bech32 as BIP 173 makes it; bech32.decode reads it back, or the test that uses it fails with another message."""
    letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    number = int.from_bytes(data, "big") << 4
    values = [number >> shift & 31 for shift in range(255, -1, -5)]
    spread = [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]
    check = bech32._polymod([*spread, *values, *[0] * 6]) ^ 1
    return prefix + "1" + "".join(letters[value] for value in [*values, *(check >> 5 * (5 - at) & 31 for at in range(6))])


def ssh_text(*parts: bytes) -> str:
    """A line of a public key file of SSH (RFC 4253 6.6)."""
    wire = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return f"{parts[0].decode()} {base64.b64encode(wire).decode()}"


def test_nobody_and_both_are_refused() -> None:
    with pytest.raises(UsageError, match="nobody"):
        age.recipients()
    with pytest.raises(UsageError, match="empty"):
        age.recipients((), Secret(b""))
    with pytest.raises(UsageError, match="not both"):
        age.recipients([PAIRS["age"].public], Secret(b"x"))


def test_bip_173_strings() -> None:
    """The valid and invalid strings of BIP 173, those without its limit on length left out."""
    assert bech32.decode("A12UEL5L") == ("a", b"")
    assert bech32.decode("abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw") == (
        "abcdef",
        bytes.fromhex("00443214c74254b635cf84653a56d7c675be77df"),
    )
    for text in ("A12uEL5L", "pzry9x0s0muk", "1pzry9x0s0muk", "x1b4n0q5v", "li1dgmt3", "A1G7SGD8", "10a06t8", "1qzzfhee", ""):
        assert bech32.decode(text) is None


# ---- identity files


def test_identity_files_that_are_none(tmp_path: Path) -> None:
    locked = ed25519.Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret words")
    )
    curve = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    cases = {
        b"": "no identity in it",
        b"# nothing\n": "no identity in it",
        b"hello\n": "line 1",
        b"\n" + str(_AGE).encode()[:-1]: "line 2",
        PAIRS["age"].public.encode(): "line 1",
        b"\xff\xfe": "no identity file",
        locked: "passphrase of its own",
        curve: "opens no age file",
        b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n": "no private key",
        sealed(age.recipients([PAIRS["age"].public])): "encrypted itself",
        b"#" * 70_000: "larger",
    }
    path = tmp_path / "key.txt"
    for data, why in cases.items():
        path.write_bytes(data)
        with pytest.raises(InputError, match=why) as told:
            age.read_identity_file(path)
        assert str(_AGE)[20:-1] not in str(told.value)
    for missing in (tmp_path / "none", tmp_path, tmp_path / "a\0b"):
        with pytest.raises(InputError, match="cannot be read"):
            age.read_identity_file(missing)


# ---- headers that mean harm


def test_a_work_factor_past_the_limit_is_refused_before_anybody_is_asked() -> None:
    file = sealed(age.recipients((), Secret(b"x"))).replace(b" 10\n", b" 31\n", 1)

    def ask(_: str) -> str:
        raise AssertionError

    with pytest.raises(LimitExceeded, match="--limit age_work_factor=31"):
        age.Identities((), ask).unsealed(io.BytesIO(file), "a.age")


def test_a_work_factor_may_be_let_by_a_limit() -> None:
    file = sealed(age.recipients((), Secret(b"x")))
    with pytest.raises(LimitExceeded):
        opened(file, passphrase="x", limits=Limits(age_work_factor=9))
    assert opened(file, passphrase="x", limits=Limits(age_work_factor=10)) == WORDS


@pytest.mark.parametrize(
    "bomb",
    [b"-> x " + b"y" * 3_000_000, b"-> x y\n\n" * 300_000, b"-> x y\n" + b"A" * 64 + b"\n" * 2],
    ids=["line", "stanzas", "body"],
)
def test_a_header_bomb_ends_at_its_limit(bomb: bytes) -> None:
    class Counted(io.BytesIO):
        taken = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            line = super().readline(size)
            self.taken += len(line)
            return line

    file = Counted(b"age-encryption.org/v1\n" + bomb * 10)
    with pytest.raises(InputError):
        age.Identities().unsealed(file, "a.age")
    assert file.taken <= DEFAULT.age_header_bytes + 1


def test_a_passphrase_beside_a_key_is_refused() -> None:
    """The format's rule: else whoever has the key could write in the name of the passphrase."""
    file_key = bytes(16)
    to = [*age.recipients((), Secret(b"x")).all, read_recipient(PAIRS["age"].public)]
    file = write_header([each.wrap(file_key) for each in to], file_key) + bytes(40)
    with pytest.raises(MalformedInput, match="other recipients"):
        opened(file, PAIRS["age"].private, passphrase="x")


@pytest.mark.parametrize("text", ["armored", "other version", "nothing", "text"])
def test_what_is_not_read_is_told_apart(text: str) -> None:
    file = {
        "armored": b"-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n",
        "other version": b"age-encryption.org/v2\n-> x\n\n---",
        "nothing": b"",
        "text": b"hello\n",
    }[text]
    said = {"armored": "armored", "other version": "version", "nothing": "cut off", "text": "no age file"}[text]
    with pytest.raises(MalformedInput, match=said):
        opened(file)


FAST = (PAIRS["age"], PAIRS["ssh-ed25519"])
BASE = sealed(age.recipients([pair.public for pair in FAST]))
HEAD = BASE.index(b"\n---") + 60


@settings(deadline=None)
@given(at=st.integers(0, HEAD), junk=st.binary(min_size=1, max_size=8), cut=st.booleans())
def test_a_changed_header_is_refused_whatever_changed(at: int, junk: bytes, cut: bool) -> None:
    file = BASE[:at] + junk + BASE[at if cut else at + len(junk) :]
    if file == BASE:
        return
    with pytest.raises(SatchelError):
        opened(file, *(pair.private for pair in FAST))


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_raise_only_our_errors(junk: bytes) -> None:
    for file in (junk, b"age-encryption.org/v1\n" + junk, b"age-encryption.org/v1\n-> scrypt " + junk):
        with pytest.raises(InputError):
            opened(file, PAIRS["age"].private, passphrase="x")
    with pytest.raises(InputError):
        read_identities(b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + junk, "key")
    for text in ("age1", "ssh-rsa ", ""):
        with pytest.raises(UsageError):
            read_recipient(text + junk.decode("latin-1"))
