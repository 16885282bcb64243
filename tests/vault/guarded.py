"""A vault of which a token shows a part: each record has a canary in its text, and some title or name."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np

from satchel.errors import Place
from satchel.model.bodies import (
    AnyBody,
    Conversation,
    Document,
    Entity,
    Instruction,
    Memory,
    Message,
    Part,
    Profile,
    Relation,
    Task,
)
from satchel.model.ids import make_uid
from satchel.model.packages import Carried, CarriedFile, Edition, Heard
from satchel.model.record import Asset, Link, Native, Origin, Original, Provenance, Reading, Record, Times, Tombstone
from satchel.trust.capabilities.issuing import Terms, issue
from satchel.trust.capabilities.scopes import Components, Entries, Scope, Tags
from satchel.trust.capabilities.tokens import Binding, Permission, Presented
from satchel.vault.guard import own_issuer
from satchel.vault.store import Store
from satchel.vault.values import VectorModel

PLATFORM = "made"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BOT = "agent:bot"
#: What every record's text says beside its canary, so that one search finds them all.
WORD = "walrus"
#: Said by two records in the very same words.
SHARED_WORDS = "the same walrus said twice"


def uid(name: str) -> str:
    return make_uid(PLATFORM, name)


def canary(name: str) -> str:
    return f"canary{name.replace('_', '')}end"


def made(name: str, body: AnyBody, *, tags: Sequence[str] = (), links: Sequence[Link] = (), **header: Any) -> Record:
    return Record(
        uid=uid(name),
        body=body,
        origin=Origin(format=PLATFORM, id=f"native-{canary(name)}", kind=f"made.{name}"),
        provenance=Provenance(platform=PLATFORM, **header.pop("provenance", {})),
        tags=tuple(tags),
        links=tuple(links),
        times=header.pop("times", Times(created=NOW - timedelta(days=1))),
        **header,
    )


def alone(record: Record, text: str, updated: datetime | None = None) -> Original:
    """A source object that is this record."""
    native = msgspec.json.encode({"text": text, "at": None if updated is None else updated.isoformat()})
    return Original(
        uid=record.uid,
        kind="made.one",
        native=native,
        place=Place("made.json"),
        reader="made/1",
        updated=updated,
        read=lambda: Reading((record,)),
    )


def together(name: str, records: Sequence[Record], texts: Sequence[str]) -> Original:
    """A source object of many records, the first its head; the others are members of its list."""
    native = msgspec.json.encode({"head": texts[0], "members": list(texts[1:])})
    placed = [
        msgspec.structs.replace(record, native=Native(pointer="" if at == 0 else f"/members/{at - 1}"))
        for at, record in enumerate(records)
    ]
    return Original(
        uid=uid(name),
        kind="made.many",
        native=native,
        place=Place("many.json"),
        reader="made/1",
        updated=None,
        read=lambda: Reading(tuple(placed)),
    )


def said(name: str) -> str:
    return f"{canary(name)} the {WORD}"


def memory(name: str, tags: Sequence[str], **more: Any) -> Record:
    body = Memory(text=more.pop("text", said(name)), title=more.pop("title", f"title of {canary(name)}"))
    return made(name, body, tags=tags, **more)


def message(name: str, conversation: str, position: int, tags: Sequence[str] = (), **more: Any) -> Record:
    body = Message(role="user", parts=(Part(type="text", text=said(name)),), position=position, **more)
    return made(name, body, tags=tags, links=(Link("part_of", uid(conversation)),))


OPEN, CLOSED = ("open",), ("closed",)
#: In scope of a token for the tag "open"; what is not here is out of it.
TAGGED = {
    "fact", "edge", "ada", "bea", "talk", "talk_1", "talk_2", "file", "member_open", "twin_open", "changed", "task", "about",
    "pair_head", "pair_open", "was_head",
}  # fmt: skip
SEMANTIC = {
    "fact", "edge", "half_edge", "ada", "bea", "cyd", "secret", "member_open", "member_closed", "changed", "twin_open",
    "twin_closed", "bound", "pair_open", "moved",
}  # fmt: skip
EPISODIC = {"talk", "talk_1", "talk_2", "closed_talk", "closed_talk_1", "mixed_talk", "mixed_talk_1", "mixed_talk_2"}
ALL = TAGGED | SEMANTIC | EPISODIC | {"who", "rule", "closed_file", "closed_task", "gone", "many_head"}


def fill(store: Store) -> None:
    """Put it all in: alone and together, linked both ways, with earlier states, files, tombstones and others' logs."""
    to_secret = (Link("related_to", uid("secret")), Link("extends", uid("gone")))
    items: list[Original] = [
        alone(
            memory(
                "fact",
                OPEN,
                links=(*to_secret, Link("related_to", uid("ada"))),
                scope=uid("secret"),
                provenance={"conversation": uid("closed_talk"), "message": uid("closed_talk_1")},
            ),
            said("fact"),
        ),
        alone(memory("secret", CLOSED, links=(Link("supports", uid("fact")),)), said("secret")),
        alone(memory("bound", CLOSED, links=(Link("part_of", uid("talk")),)), said("bound")),
        alone(memory("twin_open", OPEN, text=SHARED_WORDS, title=""), SHARED_WORDS),
        alone(memory("twin_closed", CLOSED, text=SHARED_WORDS, title=""), SHARED_WORDS),
        alone(made("ada", Entity(name=said("ada")), tags=OPEN), said("ada")),
        alone(made("bea", Entity(name=said("bea")), tags=OPEN), said("bea")),
        alone(made("cyd", Entity(name=said("cyd")), tags=CLOSED), said("cyd")),
        alone(made("edge", Relation(uid("ada"), uid("bea"), "knows", text=said("edge")), tags=OPEN), said("edge")),
        alone(
            made("half_edge", Relation(uid("ada"), uid("cyd"), "knows", text=said("half_edge")), tags=OPEN), said("half_edge")
        ),
        alone(made("who", Profile(text=said("who"), title="closed"), tags=CLOSED), said("who")),
        alone(made("rule", Instruction(text=said("rule")), tags=CLOSED), said("rule")),
        alone(made("about", Profile(text=said("about")), tags=OPEN), said("about")),
        alone(made("task", Task(title=said("task")), tags=OPEN), said("task")),
        alone(made("closed_task", Task(title=said("closed_task")), tags=CLOSED), said("closed_task")),
        together(
            "talk",
            [
                made("talk", Conversation(title=said("talk"), current=uid("talk_2")), tags=OPEN),
                message("talk_1", "talk", 0, parent=uid("closed_talk_1")),
                message("talk_2", "talk", 1, parent=uid("talk_1")),
            ],
            [said("talk"), said("talk_1"), said("talk_2")],
        ),
        together(
            "closed_talk",
            [
                made("closed_talk", Conversation(title=said("closed_talk")), tags=CLOSED),
                message("closed_talk_1", "closed_talk", 0),
            ],
            [said("closed_talk"), said("closed_talk_1")],
        ),
        together(
            "mixed_talk",
            [
                # Without a title, so that a search would quote how it begins.
                made("mixed_talk", Conversation(current=uid("mixed_talk_1")), tags=("mixed",)),
                message("mixed_talk_1", "mixed_talk", 0, tags=CLOSED),
                message("mixed_talk_2", "mixed_talk", 1, parent=uid("mixed_talk_1")),
            ],
            ["mixed", said("mixed_talk_1"), said("mixed_talk_2")],
        ),
        together(
            "many_head",
            [
                made("many_head", Profile(text=said("many_head")), tags=CLOSED),
                memory("member_open", OPEN),
                memory("member_closed", CLOSED),
            ],
            [said("many_head"), said("member_open"), said("member_closed")],
        ),
        # The closed member of the one before, in the very same words and place: the vault keeps it once.
        together(
            "pair_head",
            [
                made("pair_head", Profile(text=said("pair_head")), tags=OPEN),
                memory("pair_open", OPEN),
                memory("member_closed", CLOSED),
            ],
            [said("pair_head"), said("pair_open"), said("member_closed")],
        ),
        together(
            "was_head",
            [made("was_head", Profile(text=said("was_head")), tags=OPEN), memory("moved", OPEN)],
            [said("was_head"), said("moved")],
        ),
        alone(memory("gone", CLOSED), said("gone")),
        # Once closed, now open: the state of then stays closed.
        alone(
            memory("changed", CLOSED, text="canarybefore the walrus", times=Times(updated=NOW - timedelta(days=9))),
            "canarybefore",
            NOW - timedelta(days=9),
        ),
    ]
    with store.importing("a label of canarylabel") as intake:
        for item in items:
            intake.put(item)
        for name, tags in (("file", OPEN), ("closed_file", CLOSED)):
            data = said(name).encode()
            record = made(name, Document(name=f"{canary(name)}.txt", text=said(name), media_type="text/plain"), tags=tags)
            intake.put_asset(
                Asset(record=record, place=Place(name), size_bytes=len(data), open=lambda data=data: io.BytesIO(data))  # type: ignore[misc]
            )
        carried = b"canarycarried"
        file = CarriedFile(
            format=PLATFORM, name="canarycarried", concerns="vectors", sha256=_sha256(carried), note={"is": "canarycarried"}
        )
        intake.carry(Carried(file=file, place=Place("c"), open=lambda: io.BytesIO(carried)))
        intake.hear(
            Heard(format=PLATFORM, target="canaryheard", native=b'{"canaryheard":1}', bare=b"{}", identity=b"canaryheard")
        )
        intake.mark(Edition(format=PLATFORM, digest="ab" * 32, signer="canaryedition", series="canaryedition", number=3))
        intake.finish(())
    with store.importing("canarylabel again") as intake:
        changed = memory("changed", OPEN, times=Times(updated=NOW - timedelta(days=2)))
        intake.put(alone(changed, said("changed"), NOW - timedelta(days=2)))
        # Once open, now closed: the bytes of then say it as well.
        intake.put(alone(memory("moved", CLOSED), said("moved"), NOW))
        intake.bury(
            Tombstone(
                targets=(uid("gone"),),
                op="delete",
                format=PLATFORM,
                native=b'{"canarygone":"tombstone"}',
                place=Place("t"),
                kind="made.one",
                id="native-canarygone",
                actor="canaryactor",
            )
        )
        intake.finish(())
    with_vectors(store)
    store.create_signing_key("main")
    store.trust_key("03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8", "canarytrusted")
    store.trust_did("did:web:canarydid.example", "canarydid")


MODEL = "ab" * 32


def with_vectors(store: Store) -> None:
    """Vectors of every record; those that a token hides for being "closed" lie nearest to (1, 0)."""
    store.begin_vectors(VectorModel(digest=MODEL, name="made", dimensions=2, place="canaryplace"))
    found = store.lacking_vectors(MODEL, most=1000)
    angles = [(row, 0.1 if "closed" in record.tags else 0.5 + row / 1000) for row, record in found.records]
    made = [(row, np.array([[np.cos(angle), np.sin(angle)]], np.float32)) for row, angle in angles]
    assert store.keep_vectors(MODEL, made, found.change) and store.finish_vectors(MODEL)


def _sha256(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


#: Each kind of scope, and what of the vault it shows.
SCOPES: dict[str, tuple[Scope, set[str]]] = {
    "a tag": (Tags("any_of", frozenset(OPEN), episodic=False), TAGGED),
    # A piece is of its whole: a listed talk comes with what was said in it.
    "listed": (
        Entries(frozenset(map(uid, ["fact", "talk", "file", "member_open"]))),
        {"fact", "talk", "talk_1", "talk_2", "file", "member_open"},
    ),
    "one message": (Entries(frozenset([uid("talk_1")])), {"talk_1"}),
    "a component": (Components(frozenset(["semantic"])), SEMANTIC),
    "no tag": (
        Tags("none_of", frozenset(CLOSED), episodic=True),
        {"talk", "talk_1", "talk_2", "mixed_talk", "mixed_talk_2"},
    ),
    "nothing": (Entries(frozenset()), set()),
}  # fmt: skip


def token(store: Store, scope: Scope, *permissions: Permission, audience: str | None = BOT, **binding: Any) -> Presented:
    """A token of the vault's own."""
    terms = Terms(
        scope=scope,
        permissions=frozenset(permissions or ("read", "export")),
        audience=audience,
        expires_at=NOW + timedelta(hours=1),
        binding=Binding(**binding),
    )
    return Presented(issue(terms, issuer=own_issuer(store), key=store.signing_key("main"), now=NOW))
