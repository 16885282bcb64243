"""Verifying what somebody signed, with the trust that a vault holds or that was named."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from satchel.errors import InputError, UsageError
from satchel.formats import registry
from satchel.formats.base import Format
from satchel.formats.signing import Seen, Signer, SignOptions, Trust, Verification
from satchel.limits import DEFAULT, Limits
from satchel.model.findings import Finding
from satchel.trust import did
from satchel.trust.age import NOBODY, Identities, begins_age
from satchel.trust.did import Fetch
from satchel.trust.fetch import SYSTEM, Network, fetch
from satchel.trust.public_keys import PublicKey, read_typed_key
from satchel.trust.signatures import PrivateKey
from satchel.vault.store import Store
from satchel.vault.values import SeenExport


def over_the_network(limits: Limits = DEFAULT, network: Network = SYSTEM) -> Fetch:
    """The guarded way to a did:web's document; see satchel.trust.fetch."""
    return lambda url: fetch(url, limits=limits, network=network)


def read_trusted(text: str) -> PublicKey | str:
    """What a person means by a key to trust: a public key in any encoding, or a DID that is no key (did:web).

    Raises:
        UsageError: it is neither, or a DID whose keys Satchel cannot tell.
    """
    text = text.strip()
    try:
        if text.startswith("did:") and not text.startswith("did:key:"):
            found = did.parse(text)
            if found.method != "web":
                raise UsageError(
                    f"the keys of did:{found.method} cannot be told here", hint="did:key and did:web can be trusted"
                )
            did.web_url(found)
            return text
        return read_typed_key(text)
    except InputError as error:
        hint = "64 hexadecimal digits, JWK, PEM, multibase, did:key or did:web; satchel keys list shows yours"
        raise UsageError(f"that is no public key and no DID: {error.message}", hint=hint) from None


def trust_in(texts: Iterable[str], *, fetch: Fetch | None = None) -> Trust:
    """Trust in the keys and DIDs named, and in no others. Raises UsageError."""
    read = [read_trusted(text) for text in texts]
    return Trust(
        keys={each: "" for each in read if isinstance(each, PublicKey)},
        dids={each: "" for each in read if isinstance(each, str)},
        fetch=fetch,
    )


def trust_of(store: Store, *, fetch: Fetch | None = None) -> Trust:
    """The trust that a vault holds: its owner's own keys, the keys and DIDs trusted, and whose exports it saw."""

    def seen(owner: str) -> Seen | None:
        found = store.seen_export(owner)
        return None if found is None else Seen(read_typed_key(found.key), found.exported)

    keys = {read_typed_key(other.public): other.name for other in store.trusted_keys()}
    keys |= {read_typed_key(own.public): own.name for own in store.signing_keys()}
    return Trust(keys=keys, dids={each.did: each.name for each in store.trusted_dids()}, fetch=fetch, seen=seen)


def known_key(store: Store, fingerprint: str) -> PublicKey | None:
    """The key of that fingerprint among those that a vault trusts or signs with."""
    texts = [*(other.public for other in store.trusted_keys()), *(own.public for own in store.signing_keys())]
    return next((key for key in map(read_typed_key, texts) if key.fingerprint == fingerprint.strip()), None)


def remember(store: Store, verification: Verification) -> None:
    """Keep whose export was verified, so that another key or an older export of the same owner is told of next time."""
    if verification.verdict == "verified" and verification.owner and verification.key is not None:
        store.note_seen_export(verification.owner, SeenExport(verification.key.text, verification.exported))


def verify(path: Path, trust: Trust, limits: Limits = DEFAULT, identities: Identities = NOBODY) -> tuple[Format, Verification]:
    """What the signature at ``path`` is worth, and the format that it is in.

    Raises:
        InputError: there is nothing, or nothing that is signed.
        Locked: it is encrypted, and ``identities`` do not open it.
    """
    format, signer = signer_of(path, identities)
    return format, signer.verify(path, trust=trust, limits=limits)


def sign(path: Path, key: PrivateKey, options: SignOptions, limits: Limits = DEFAULT) -> tuple[Finding, ...]:
    """Sign what lies at ``path``; returns what is to be told beside. Raises as ``formats.signing.Signer.sign``."""
    refuse_sealed(path)
    return signer_of(path)[1].sign(path, key, options=options, limits=limits)


def refuse_sealed(path: Path) -> None:
    """Raises UsageError for what is encrypted: signed, it would have to be encrypted anew, and nothing says to whom."""
    if begins_age(path):
        hint = "export it with --sign and --encrypt-to; or decrypt it with age, sign it and encrypt it again"
        raise UsageError(f"{path.name} is encrypted, and is not signed as it is", hint=hint)


def signer_of(path: Path, identities: Identities = NOBODY) -> tuple[Format, Signer]:
    """The format of what lies at ``path``, as a Format and as a Signer. Raises InputError."""
    if not path.exists():
        raise InputError(f"there is nothing at {path}")
    format = registry.recognise(path, identities)
    if not isinstance(format, Signer):
        raise InputError(f"{format.info.title} is not signed")
    return format, format
