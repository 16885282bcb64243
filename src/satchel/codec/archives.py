"""Zip archives that may be hostile: members are read one by one, never unpacked by name.

What can be wrong with an entry is in two places: ``_fault`` has what its name, mode and flags tell before a byte is read;
``ZipMember.open`` and the streams below it hold every read to the entry's own bytes, its declared size, its checksum and the
limits. A refused entry is a finding, and the others are still read.

A zip without its end (a broken download) has no directory. Its local headers are walked from the front instead, and what is
whole is there to read.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from stat import S_IFDIR, S_IFMT, S_IFREG
from typing import BinaryIO, NamedTuple, cast

from satchel.codec.streams import (
    BUFFER_BYTES,
    Cursor,
    Meter,
    Metered,
    Readable,
    Region,
    Stream,
    Unpacked,
    buffered,
    inflate,
    nameless,
    spool,
    unzstd,
)
from satchel.errors import InputError, LimitExceeded, MalformedInput, Place, SatchelError, UnsafeArchive
from satchel.limits import Limits
from satchel.model.findings import Finding, Severity
from satchel.model.normal_forms import nfc

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
#: By what a package of Office Open XML is told from other zips (ECMA-376 part 2, 10.1.2): a workbook, a text document.
CONTENT_TYPES = "[Content_Types].xml"
#: Each nested archive that had to be unpacked holds a file descriptor.
_MAX_SPOOLS = 128

_STORED, _DEFLATED, _ZSTD = 0, 8, 93
_ENCRYPTED, _DESCRIPTOR, _PATCH, _STRONG, _UTF8, _MASKED = 0x1, 0x8, 0x20, 0x40, 0x800, 0x2000
_LOCAL = struct.Struct("<4s5H3L2H")
_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: What operating systems add to every archive and folder.
_LITTER = frozenset(("__MACOSX", "Thumbs.db", "desktop.ini"))


class Budget:
    """What one given path may still hold, its nested archives included: a bound each of them kept alone would multiply."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.members = limits.archive_members
        self.archive_bytes = limits.archive_bytes
        self.spools = _MAX_SPOOLS


class _Entry(NamedTuple):
    """An entry as the directory, or for want of one its local header, declares it."""

    name: str
    start: int
    flags: int
    method: int
    crc: int
    packed_bytes: int
    size_bytes: int
    mode: int
    #: Where the data begins, when the local header has been read.
    data: int | None = None

    @property
    def is_folder(self) -> bool:
        return self.name.endswith("/")


class ZipMember:
    """A member of a zip. ``bound`` is where the next entry begins: no read goes past it."""

    def __init__(
        self, entry: _Entry, region: Region, bound: int, *, path: str, name: str, limits: Limits, meter: Meter
    ) -> None:
        self.path = path
        self.name = name
        self._entry = entry
        self._region = region
        self._bound = bound
        self._limits = limits
        self._meter = meter

    @property
    def size_bytes(self) -> int | None:
        return self._entry.size_bytes

    @property
    def progress_bytes(self) -> int | None:
        return self._entry.size_bytes

    def region(self) -> Region:
        """The member's bytes as they stand in the archive, packed.

        Raises:
            MalformedInput: the local header is not there or tells of another member.
            UnsafeArchive: the data reaches into the next entry.
        """
        entry = self._entry
        place = Place(file=self.name)
        start = entry.data
        if start is None:
            local = _read_local(self._region, entry.start)
            if local is None or local.name != entry.name:
                raise MalformedInput("the archive's directory and the member disagree", place=place)
            start = local.data or 0
        if start + entry.packed_bytes > self._bound:
            raise UnsafeArchive("the member reaches into the next one", place=place)
        if start + entry.packed_bytes > self._region.size:
            raise MalformedInput("the archive ends inside the member", place=place)
        return self._region.part(start, entry.packed_bytes)

    @property
    def is_stored(self) -> bool:
        return self._entry.method == _STORED

    def open(self) -> BinaryIO:
        """A new stream from the first byte.

        Raises:
            MalformedInput: damaged, cut off, or not of the declared size or checksum; mostly raised while reading.
            LimitExceeded: it unpacks past ``member_bytes`` or ``archive_ratio``; raised while reading.
            UnsafeArchive: its data overlaps another member's.
        """
        return buffered(Metered(self._unpack(), self._meter, Place(file=self.name)))

    def _unpack(self) -> Stream:
        place = Place(file=self.name)
        packed = Cursor(self.region())
        entry = self._entry
        if entry.method == _STORED:
            return _Checked(packed, entry, place)
        start = inflate if entry.method == _DEFLATED else unzstd
        many = entry.method == _ZSTD
        return _Checked(Unpacked(packed, start, place=place, limits=self._limits, many=many), entry, place)


class _Checked(Stream):
    """A member's bytes, held to its declared size and checksum."""

    def __init__(self, inner: Readable, entry: _Entry, place: Place) -> None:
        self._inner = inner
        self._left = entry.size_bytes
        self._expected = entry.crc
        self._crc = 0
        self._place = place

    def _next(self, size: int) -> bytes:
        chunk = self._inner.read(size)
        self._left -= len(chunk)
        self._crc = zlib.crc32(chunk, self._crc)
        if self._left < 0 or (not chunk and self._left):
            raise MalformedInput("the member is not as long as the archive says", place=self._place)
        if not self._left and self._crc != self._expected:
            raise MalformedInput("the member's checksum does not match", place=self._place, hint="the file is damaged")
        return chunk

    def close(self) -> None:
        self._inner.close()
        super().close()


class Contents(NamedTuple):
    """What an archive holds: its members, those of nested archives among them, and the nested archives themselves."""

    members: list[ZipMember]
    archives: list[ZipMember]
    findings: list[Finding]


def open_zip(
    region: Region,
    *,
    name: str,
    budget: Budget,
    meter: Meter,
    stack: contextlib.ExitStack,
    depth: int = 1,
    make: Callable[[], BinaryIO] = nameless,
) -> Contents:
    """The members of a zip that are safe to read; the others are findings.

    An archive inside it is read in place when it is stored. One that is compressed is unpacked first: up to a mebibyte into
    memory, beyond that into a temporary file that has no name, so that nobody else opens it and nothing of it stays when the
    process ends. ``stack`` closes it, and it is gone at once.

    Args:
        name: the archive's place as people see it.
        depth: 1 for an archive that lies in none.
        make: gives the files into which archives inside it are unpacked.

    Never raises for what the archive holds.
    """
    report = Report(name)
    try:
        entries = _directory(region, budget.limits)
    except LimitExceeded as error:
        report.add(error.code, f"{error.message} ({error.hint})")
        return Contents([], [], report.findings())
    if entries is None:
        entries, cut = _recover(region, budget.limits)
        report.truncated(len(entries), cut)
    contents = Contents([], [], [])
    starts = sorted({entry.start for entry in entries} | {region.size})
    bounds = dict(itertools.pairwise(starts))
    for entry in _admitted(entries, budget, region.size, report):
        path = clean_name(entry.name)
        member = ZipMember(
            entry,
            region,
            bounds[entry.start],
            path=path,
            name=f"{name}/{path}",
            limits=budget.limits,
            meter=meter,
        )
        if path.lower().endswith(".zip") and _is_zip(member):
            _open_nested(member, contents, budget, meter, stack, depth, report, make)
        else:
            contents.members.append(member)
    contents.findings[:0] = report.findings()
    return contents


def _is_zip(member: ZipMember) -> bool:
    try:
        with member.open() as stream:
            return stream.read(4) in ZIP_MAGIC
    except SatchelError:
        # Reading it as a plain member will tell what is wrong with it.
        return False


def _open_nested(
    member: ZipMember,
    contents: Contents,
    budget: Budget,
    meter: Meter,
    stack: contextlib.ExitStack,
    depth: int,
    report: Report,
    make: Callable[[], BinaryIO],
) -> None:
    if depth >= budget.limits.archive_depth or budget.spools <= 0:
        report.add("archive-depth", "an archive this deep inside archives is not looked into", member.path, "warning")
        contents.members.append(member)
        return
    contents.archives.append(member)
    try:
        if member.is_stored:
            region = member.region()
        else:
            budget.spools -= 1
            region = Region.of(_spooled(member, stack, make))
    except SatchelError as error:
        report.add(error.code, error.message, member.path)
        return
    except OSError as error:
        report.add(InputError.code, f"the archive cannot be unpacked: {error.strerror}", member.path)
        return
    inner = open_zip(region, name=member.name, budget=budget, meter=meter, stack=stack, depth=depth + 1, make=make)
    contents.members.extend(inner.members)
    contents.archives.extend(inner.archives)
    contents.findings.extend(inner.findings)


def _spooled(member: ZipMember, stack: contextlib.ExitStack, make: Callable[[], BinaryIO]) -> BinaryIO:
    with member.open() as stream:
        return spool(stream, stack, make=make)


class Report:
    """The findings of one archive or folder. Past ``_ALIKE`` of one code the rest is one finding, however hostile it is."""

    _ALIKE = 20

    def __init__(self, archive: str) -> None:
        self._archive = archive
        self._findings: dict[str, list[Finding]] = {}
        self._rest: dict[str, int] = {}

    def add(self, code: str, text: str, path: str = "", severity: Severity = "error", count: int = 1) -> None:
        known = self._findings.setdefault(code, [])
        if len(known) >= self._ALIKE:
            self._rest[code] = self._rest.get(code, 0) + count
            return
        file = f"{self._archive}/{printable(path)}" if path else self._archive
        known.append(Finding(code, severity, text, Place(file=file), "skipped", count))

    def truncated(self, whole: int, cut: str | None) -> None:
        missing = f"{printable(cut)} is cut off" if cut else "its directory is missing or damaged"
        text = f"the archive is incomplete: {whole} members are whole, {missing}; download it again"
        self.add("truncated-archive", text)

    def findings(self) -> list[Finding]:
        found = [finding for known in self._findings.values() for finding in known]
        for code, count in self._rest.items():
            severity = self._findings[code][0].severity
            found.append(Finding(code, severity, "more of these", Place(file=self._archive), "skipped", count))
        return found


def printable(name: str) -> str:
    """``name`` on one line and in bounds, for a message: what is no letter, mark, sign or space is escaped."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name[:200])
    return text if len(name) <= 200 else text + "…"


def _admitted(entries: list[_Entry], budget: Budget, size: int, report: Report) -> Iterator[_Entry]:
    """The entries that nothing speaks against, in the archive's order."""
    overlapping = _overlapping(entries)
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        if budget.members <= 0:
            count = len(entries) - index
            text = f"more than {budget.limits.archive_members:,} members (--limit archive_members=N raises it)"
            report.add(LimitExceeded.code, text, count=count)
            return
        budget.members -= 1
        fault = _fault(entry, size)
        if fault is None and entry.start in overlapping:
            fault = "overlapping-members", "its data overlaps another member's"
        if fault is not None:
            report.add(*fault, entry.name)
            continue
        path = clean_name(entry.name)
        if entry.is_folder or is_litter(path):
            continue
        key = nfc(path).casefold()
        if key in seen:
            report.add("duplicate-name", "another member has the same name", entry.name)
            continue
        seen.add(key)
        if entry.size_bytes > budget.limits.member_bytes:
            text = f"larger than {budget.limits.member_bytes:,} bytes (--limit member_bytes=N raises it)"
            report.add(LimitExceeded.code, text, entry.name)
        elif entry.size_bytes > budget.archive_bytes:
            text = f"the archive unpacks to more than {budget.limits.archive_bytes:,} bytes"
            report.add(LimitExceeded.code, text + " (--limit archive_bytes=N raises it)", entry.name)
        else:
            budget.archive_bytes -= entry.size_bytes
            yield entry


def _fault(entry: _Entry, size: int) -> tuple[str, str] | None:
    """A code and a sentence when the entry must not be read."""
    reason = unsafe_name(entry.name)
    if reason:
        return "unsafe-name", reason
    kind = S_IFMT(entry.mode)
    if kind not in (0, S_IFREG, S_IFDIR):
        return "not-a-file", "the member is a link or a device, not a file"
    if entry.flags & (_ENCRYPTED | _STRONG | _MASKED):
        return "encrypted-member", "the member is encrypted; unpack the archive with its password first"
    if entry.is_folder:
        return None
    if entry.method not in (_STORED, _DEFLATED, _ZSTD) or entry.flags & _PATCH:
        return (
            "unsupported-compression",
            f"compression method {entry.method} is not supported; pack it anew with deflate",
        )
    if entry.method == _STORED and entry.packed_bytes != entry.size_bytes:
        return MalformedInput.code, "a stored member has two sizes"
    if not 0 <= entry.start < size:
        return MalformedInput.code, "the member lies outside the archive"
    return None


def unsafe_name(name: str) -> str:
    """Why a member of this name must not be touched; "" when nothing speaks against it."""
    if not name:
        return "the name is empty"
    if _CONTROL.search(name):
        return "the name has control characters"
    if "\\" in name:
        return "the name has a backslash"
    if name.startswith("/"):
        return "the name is an absolute path"
    if _DRIVE.match(name):
        return "the name has a drive letter"
    for part in name.split("/"):
        if part == "..":
            return "the name leads out of the archive"
        if part != "." and part.endswith((".", " ")):
            return "the name ends in a dot or a space"
        if len(part.encode("utf-8", "surrogatepass")) > 255:
            return "the name is longer than 255 bytes"
    return ""


def clean_name(name: str) -> str:
    """``name`` without parts that say nothing: ``./a//b`` is ``a/b``."""
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def is_litter(path: str) -> bool:
    """Whether a part of the path is hidden or what operating systems add on their own."""
    return any(part.startswith(".") or part in _LITTER for part in path.split("/"))


def _overlapping(entries: list[_Entry]) -> set[int]:
    """Where the entries begin that share a byte with another one."""
    found: set[int] = set()
    furthest, holder = -1, -1
    for entry in sorted(entries, key=lambda entry: entry.start):
        if entry.start < furthest:
            found |= {entry.start, holder}
        end = entry.start + _LOCAL.size + entry.packed_bytes
        if end > furthest:
            furthest, holder = end, entry.start
    return found


def _directory(region: Region, limits: Limits) -> list[_Entry] | None:
    """The entries of the central directory; None when it is missing, damaged or another archive's.

    Raises:
        LimitExceeded: it is larger than ``archive_members`` entries can be.
    """
    widest = max(128 << 10, limits.archive_members * 512)
    try:
        with zipfile.ZipFile(cast(BinaryIO, Cursor(region, widest))) as archive:
            infos = archive.infolist()
    except LimitExceeded:
        raise
    except (zipfile.BadZipFile, OSError, ValueError, struct.error, NotImplementedError, OverflowError, EOFError):
        return None
    # The end of a cut archive may hold a stored archive whole: its directory would be taken for the outer one's, and its
    # entries begin behind the front.
    if infos and min(info.header_offset for info in infos) != 0:
        return None
    return [
        _Entry(
            name=member_name(info),
            start=info.header_offset,
            flags=info.flag_bits,
            method=info.compress_type,
            crc=info.CRC,
            packed_bytes=info.compress_size,
            size_bytes=info.file_size,
            mode=info.external_attr >> 16,
        )
        for info in infos
    ]


def member_name(info: zipfile.ZipInfo) -> str:
    """The name of a directory's entry: UTF-8 where it is that, whatever its flag says."""
    return _decoded(info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8 else "cp437"), info.flag_bits)


def _decoded(raw: bytes, flags: int) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace") if flags & _UTF8 else raw.decode("cp437")


def _read_local(region: Region, start: int) -> _Entry | None:
    """The entry that the local header at ``start`` tells of; None when no whole one stands there."""
    head = region.read_at(start, _LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(ZIP_MAGIC[0]):
        return None
    _, _, flags, method, _, _, crc, packed, size, name_bytes, extra_bytes = _LOCAL.unpack(head)
    rest = region.read_at(start + _LOCAL.size, name_bytes + extra_bytes)
    if len(rest) < name_bytes + extra_bytes:
        return None
    extra = rest[name_bytes:]
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        # Zip64 (APPNOTE 4.5.3): a local header that needs one size needs both.
        if kind == 1 and length >= 16 and len(extra) >= 20 and 0xFFFFFFFF in (packed, size):
            size, packed = struct.unpack_from("<2Q", extra, 4)
        extra = extra[4 + length :]
    name = _decoded(rest[:name_bytes], flags)
    return _Entry(name, start, flags, method, crc, packed, size, 0, start + _LOCAL.size + len(rest))


def _recover(region: Region, limits: Limits) -> tuple[list[_Entry], str | None]:
    """The entries that are whole, found by their local headers from the front, and the name of the one that is not."""
    entries: list[_Entry] = []
    at = 0
    while len(entries) <= limits.archive_members:
        entry = _read_local(region, at)
        if entry is None:
            begun = region.read_at(at, 4)
            return entries, "a member" if begun and begun not in (
                b"PK\x01\x02",
                *ZIP_MAGIC[1:],
                b"PK\x06\x06",
            ) else None
        whole = _measured(region, entry, limits) if entry.flags & _DESCRIPTOR else (entry, 0)
        data = entry.data or 0
        if whole is None or data + whole[0].packed_bytes > region.size:
            return entries, entry.name
        entries.append(whole[0])
        at = data + whole[0].packed_bytes + whole[1]
    return entries, None


def _measured(region: Region, entry: _Entry, limits: Limits) -> tuple[_Entry, int] | None:
    """The entry with the sizes that its header leaves to a descriptor behind the data, and that descriptor's length.

    None when the data is cut off, damaged or past a limit.
    """
    data = entry.data or 0
    rest = region.part(data, region.size - data)
    if entry.method == _STORED:
        return _measured_stored(rest, entry)
    if entry.method not in (_DEFLATED, _ZSTD):
        return None
    start = inflate if entry.method == _DEFLATED else unzstd
    unpacked = Unpacked(Cursor(rest), start, place=Place(file=entry.name), limits=limits, many=False)
    crc = 0
    try:
        while chunk := unpacked.read(BUFFER_BYTES):
            crc = zlib.crc32(chunk, crc)
    except SatchelError:
        return None
    found = entry._replace(crc=crc, packed_bytes=unpacked.taken, size_bytes=unpacked.given)
    length = _descriptor_bytes(rest.read_at(unpacked.taken, 24), found)
    return None if length is None else (found, length)


def _measured_stored(rest: Region, entry: _Entry) -> tuple[_Entry, int] | None:
    at = 0
    kept = b""
    while chunk := rest.read_at(at + len(kept), BUFFER_BYTES):
        window = kept + chunk
        where = window.find(b"PK\x07\x08")
        while where >= 0:
            size = at + where
            tail = rest.read_at(size, 24)
            crc = int.from_bytes(tail[4:8], "little")
            found = entry._replace(crc=crc, packed_bytes=size, size_bytes=size)
            length = _descriptor_bytes(tail, found)
            if length is not None:
                return found, length
            where = window.find(b"PK\x07\x08", where + 1)
        kept = window[-3:]
        at += len(window) - len(kept)
    return None


def _descriptor_bytes(tail: bytes, entry: _Entry) -> int | None:
    """How long the descriptor (APPNOTE 4.3.9) at the start of ``tail`` is; None when it does not tell of ``entry``."""
    values = (entry.crc, entry.packed_bytes, entry.size_bytes)
    for signature in (b"PK\x07\x08", b""):
        for form in ("<L2L", "<L2Q"):
            try:
                expected = signature + struct.pack(form, *values)
            except struct.error:
                continue
            if tail.startswith(expected):
                return len(expected)
    return None
