"""Published artifacts: ``artifacts/<id>/artifact.json``, its versions as files, its comments (providers.md 3.2, frames).

The head document holds the active version's text; every version is a document of its own, with the file's bytes where the file
came along. Comments are other people's words about it.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from satchel.adapters.claude.wire import (
    account_of,
    decode,
    dicts,
    document,
    ident,
    moment_of,
    notes_of,
    origin,
    original,
    provenance,
    text_of,
    uid_of,
)
from satchel.adapters.notes import Notes
from satchel.codec.sources import Member
from satchel.errors import Place, SatchelError
from satchel.limits import Limits
from satchel.model.bodies import Document, Foreign
from satchel.model.findings import from_error
from satchel.model.ids import make_uid
from satchel.model.record import Asset, Item, Link, Native, Provenance, Reading, Record, Times

_TEXTUAL = ("text/", "image/svg", "application/json", "application/javascript", "application/xml")
_TYPES = {"html": "text/html", "htm": "text/html", "md": "text/markdown", "svg": "image/svg+xml", "txt": "text/plain"}
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


class _ArtifactIn(msgspec.Struct, gc=False):
    id: Any = None
    kind: Any = None
    owner_account: Any = None
    created_at: Any = None
    updated_at: Any = None
    active_version: Any = None
    title: Any = None
    versions: Any = None


def folder_of(member: Member) -> str:
    """The folder that a file lies in, as people see it."""
    return member.name.rpartition("/")[0]


class Artifacts:
    """Reads published artifacts; remembers which folder holds which, for their comments."""

    def __init__(self, account: str, loose: Sequence[Member], limits: Limits) -> None:
        self.account = account
        self.limits = limits
        self.files: dict[str, dict[str, Member]] = {}
        self.uids: dict[str, tuple[str, str]] = {}
        for member in loose:
            folder, found, rest = member.name.rpartition("versions/")
            if found and (not folder or folder.endswith("/")):
                version, _, below = rest.partition("/")
                key = version if below else version.rpartition(".")[0] or version
                self.files.setdefault(folder.rstrip("/"), {}).setdefault(key, member)

    def artifact(self, member: Member) -> Iterator[Item]:
        """One ``artifact.json`` and the files of its versions."""
        place = Place(file=member.name)
        notes = notes_of(place)
        try:
            data = document(member, self.limits)
            value: _ArtifactIn = decode(data, _ArtifactIn, notes, self.limits)
        except SatchelError as error:
            notes.error(error)
            yield from notes.findings()
            return
        except msgspec.ValidationError:
            notes.add("unknown-shape", "this is no artifact", "error", "skipped")
            yield from notes.findings()
            return
        account = account_of(value.owner_account) or self.account
        artifact_id = ident(value.id) or folder_of(member).rpartition("/")[2]
        uid = uid_of(account, "artifact", artifact_id)
        self.uids[folder_of(member)] = (uid, account)
        reading = _Artifact(value, uid, artifact_id, account, self._files(folder_of(member), value), self.limits)
        updated = moment_of(value.updated_at) or moment_of(value.created_at)
        yield original(uid, "published_artifact", data, place, updated, reading.read)
        yield from reading.assets()

    def _files(self, folder: str, value: _ArtifactIn) -> dict[str, Member]:
        """The version files of one artifact by version id; a folder number stands for the version made in that order."""
        files = self.files.get(folder, {})
        if not files and len(self.uids) == 1:
            files = self.files.get(folder.rpartition("/artifacts/")[0], self.files.get("", {}))
        versions = dicts(value.versions)
        ids = [ident(version.get("id")) for version in versions]
        if set(ids).isdisjoint(files) and len(files) == len(ids) and all(key.isdecimal() for key in files):
            by_time = sorted(versions, key=lambda version: moment_of(version.get("created_at")) or _LONG_AGO)
            numbered = sorted(files, key=int)
            return {ident(version.get("id")): files[key] for version, key in zip(by_time, numbered, strict=True)}
        return files

    def comments(self, member: Member) -> Iterator[Item]:
        """One ``artifact_comments.json``."""
        place = Place(file=member.name)
        folder = folder_of(member)
        fallback = (uid_of(self.account, "artifact", folder.rpartition("/")[2]), self.account)
        uid, account = self.uids.get(folder, fallback)
        try:
            data = document(member, self.limits)
        except SatchelError as error:
            yield from_error(error, place=place)
            return

        def read(notes: Notes) -> Reading:
            return _comments(decode(data, Any, notes, self.limits), uid, account, notes)

        yield original(make_uid(uid, "comments"), "artifact_comments", data, place, None, read)


class _Artifact:
    def __init__(
        self,
        value: _ArtifactIn,
        uid: str,
        artifact_id: str,
        account: str,
        files: dict[str, Member],
        limits: Limits,
    ) -> None:
        self.value = value
        self.uid = uid
        self.id = artifact_id
        self.by: Provenance = provenance(account)
        self.files = files
        self.limits = limits
        self.versions = {ident(version.get("id")) or str(at): version for at, version in enumerate(dicts(value.versions))}

    def active(self) -> str:
        """The id of the version that is shown: the named one, else the newest."""
        named = self.value.active_version
        named = ident(named.get("id")) if type(named) is dict else ident(named)
        if named in self.versions or named in self.files:
            return named
        newest = ""
        latest = _LONG_AGO
        for key, version in self.versions.items():
            moment = moment_of(version.get("created_at")) or _LONG_AGO
            if moment >= latest:
                newest, latest = key, moment
        return newest

    def read(self, notes: Notes) -> Reading:
        """The head document, and one for each version whose file did not come along."""
        active = self.active()
        member = self.files.get(active)
        title = text_of(self.versions.get(active, {}).get("title")) or text_of(self.value.title)
        text, media_type = self._text(member, notes) if member else ("", "")
        head = Record(
            uid=self.uid,
            body=Document(name=title or self.id, text=text, media_type=media_type),
            origin=origin("published_artifact", self.id),
            times=Times(created=notes.time(self.value.created_at), updated=notes.time(self.value.updated_at)),
            provenance=self.by,
        )
        missing = [self._version(key, "", "", None, notes) for key in self.versions if key not in self.files]
        for _ in missing:
            notes.add("version-without-file", "a version of an artifact is listed but its file is not in the export")
        if type(self.value.versions) is not list:
            notes.add("malformed-versions", "the versions of an artifact are no array", "warning", "skipped")
        return Reading(records=(head, *missing), findings=notes.findings())

    def assets(self) -> Iterator[Item]:
        """The versions' files."""
        for key, member in self.files.items():
            notes = notes_of(Place(file=member.name))
            text, media_type = self._text(member, notes)
            record = self._version(key, text, media_type, member.size_bytes, notes)
            yield Asset(record=record, place=notes.place, size_bytes=member.size_bytes, open=member.open)
            yield from notes.findings()

    def _version(self, key: str, text: str, media_type: str, size: int | None, notes: Notes) -> Record:
        version = self.versions.get(key, {})
        return Record(
            uid=make_uid(self.uid, "version", key),
            body=Document(
                name=text_of(version.get("title")) or f"{self.id}/{key}",
                text=text,
                media_type=media_type,
                size_bytes=size,
            ),
            origin=origin("artifact_version", key),
            times=Times(created=notes.time(version.get("created_at"))),
            links=(Link("part_of", self.uid),),
            provenance=self.by,
        )

    def _text(self, member: Member, notes: Notes) -> tuple[str, str]:
        media_type = media_type_of(member.path)
        if not media_type.startswith(_TEXTUAL):
            return "", media_type
        try:
            return document(member, self.limits).decode("utf-8", "replace"), media_type
        except SatchelError as error:
            notes.error(error)
            return "", media_type


def media_type_of(path: str) -> str:
    """The media type that a file's ending names, or ""."""
    ending = path.rsplit(".", 1)[-1].lower()
    return _TYPES.get(ending) or mimetypes.guess_type("x." + ending)[0] or ""


def _comments(value: Any, uid: str, account: str, notes: Notes) -> Reading:
    records: list[Record] = []
    seen: dict[str, int] = {}
    threads = value.get("threads") if type(value) is dict else None
    for at, thread in enumerate(threads if type(threads) is list else ()):
        comments = thread.get("comments") if type(thread) is dict else None
        if type(comments) is not list:
            notes.add("malformed-comment", "a thread of comments has none; it is left out", "warning", "skipped")
            continue
        for index, comment in enumerate(comments):
            if type(comment) is not dict or type(comment.get("text")) is not str:
                notes.add("malformed-comment", "a comment has no text; it is left out", "warning", "skipped")
                continue
            base = make_uid(uid, "comment", str(thread.get("created_at")), str(comment.get("created_at")))
            count = seen[base] = seen.get(base, 0) + 1
            is_own = comment.get("author_is_artifact_owner") is True
            records.append(
                Record(
                    uid=make_uid(base, str(count)),
                    body=Foreign(
                        type="claude.artifact_comment", title=text_of(comment.get("author_role")), text=comment["text"]
                    ),
                    origin=origin("artifact_comment"),
                    times=Times(created=notes.time(comment.get("created_at"))),
                    # Whoever may see an artifact can write below it: what is not the owner's is not to be relied on.
                    trust="imported" if is_own else "untrusted",
                    links=(Link("part_of", uid),),
                    provenance=provenance(account),
                    native=Native(pointer=f"/threads/{at}/comments/{index}"),
                )
            )
    return Reading(records=tuple(records), findings=notes.findings())
