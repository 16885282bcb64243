"""Every bound on what comes in, once, with why. All can be raised: ``satchel import --limit NAME=VALUE``."""

from __future__ import annotations

import msgspec

from satchel.errors import UsageError

MIB = 1 << 20
GIB = 1 << 30


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds checked before or while reading; crossing one raises LimitExceeded that names the bound."""

    #: One element of a streamed array (a conversation): it is held in memory whole. Real ones reach tens of MB.
    element_bytes: int = 64 * MIB
    #: A JSON document that is not streamed (a project, a memories object).
    document_bytes: int = 64 * MIB
    #: Nesting of JSON. Real exports stay below 30; parsers fail in the C stack near 1,000.
    json_depth: int = 128
    #: Digits of one JSON integer; CPython itself refuses more than 4,300.
    json_digits: int = 1000
    #: Elements of one streamed array.
    array_elements: int = 10_000_000
    #: Members of one archive or folder.
    archive_members: int = 100_000
    #: Uncompressed size of one archive member.
    member_bytes: int = 64 * GIB
    #: Uncompressed size of one archive.
    archive_bytes: int = 256 * GIB
    #: Uncompressed : compressed, once a member has given ``ratio_free_bytes``. Chat JSON compresses 4 to 12 times.
    archive_ratio: int = 200
    #: A member may expand this far before its ratio is looked at.
    ratio_free_bytes: int = 10 * MIB
    #: Archives inside archives (Claude's parts and some exporters nest once).
    archive_depth: int = 2
    #: The parts of a workbook unpacked, all together: its texts are held in memory. 100,000 long answers have some 200 MB.
    workbook_bytes: int = 512 * MIB
    #: Rows of a sheet, empty ones too: what the format can hold. A sheet can say that its second row is the billionth.
    workbook_rows: int = 1 << 20
    #: XML elements of a workbook's cells and texts: a compressed megabyte can hold a hundred million empty ones.
    workbook_elements: int = 20_000_000
    #: Its other elements (styles, names, rules), each of which is an object to its reader.
    workbook_parts: int = 200_000
    #: The header of an age file: some 10,000 recipients.
    age_header_bytes: int = MIB
    #: log2 of the work that an age file's passphrase may ask for. age writes 18, rage what takes it a second. 20 takes 1 GiB
    #: and a few seconds, and each step doubles both.
    age_work_factor: int = 20
    #: Deletions of one bundle that no trusted key vouches for: a flood of guessed ids is an attack.
    tombstones: int = 5_000
    #: A capability token's file, its parents included: a token that lists 10,000 entries has 750 KB.
    token_bytes: int = MIB
    #: A redaction store: it is held in memory whole. One of a million originals has some 200 MB.
    redaction_store_bytes: int = GIB
    #: How deep a folder is searched for an export's files.
    folder_depth: int = 16
    #: An artifact of Portable Agent Memory, whose bytes are held: its hashes need all of them. 100,000 entries have 67 MB.
    artifact_bytes: int = 128 * MIB
    #: Nesting inside one.
    artifact_depth: int = 64
    #: One text in an entry; observations, procedures' bodies and scratch texts have ``artifact_text_bytes``.
    artifact_string_bytes: int = 256 << 10
    #: The long texts of an entry: what is recalled is paid for by the character.
    artifact_text_bytes: int = 64 << 10
    #: Tags of an entry, and the characters of one.
    artifact_tags: int = 64
    artifact_tag_characters: int = 128
    #: Parents of an entry: the graph's size is entries times these.
    artifact_parents: int = 256
    #: Parameters of a procedure.
    artifact_parameters: int = 64
    #: Policies of an identity.
    artifact_policies: int = 256
    #: Members of one object in an entry.
    artifact_names: int = 1024
    #: Capability tokens in an artifact: each costs a signature to check.
    artifact_tokens: int = 64
    #: The free object beside the entries: what other formats ask to carry rides here, and a witness of 100,000 ids has 7 MB.
    artifact_metadata_bytes: int = 64 * MIB
    #: Generations of ancestors past which an entry is flagged for review (the specification's advice).
    artifact_ancestry: int = 1000
    #: What is fetched over the network (a DID document): real ones have a few KB.
    fetch_bytes: int = 256 << 10
    #: How long that may take, from looking up the name to the last byte.
    fetch_s: int = 10
    #: Passages of one text that are embedded, of 1,000 bytes each: a log of 10 MB would have 10,000 vectors.
    text_passages: int = 256
    #: One answer of a provider's API that the user named: a page of memories has some MB at most.
    answer_bytes: int = 64 * MIB
    #: How long one may take: a search there may load a model first.
    answer_s: int = 120
    #: Texts that the semantic check of a conversion holds at once: those of the records that differ, so many at a time.
    compared_characters: int = 16 << 20
    #: Changed sentences of one text that it holds against the other's; a text of more is not passed.
    compared_units: int = 20_000


DEFAULT = Limits()

_UNITS = {"": 1, "k": 1 << 10, "m": MIB, "g": GIB}


def raised(settings: list[str], base: Limits = DEFAULT) -> Limits:
    """``base`` with each ``NAME=VALUE`` of ``settings`` applied; VALUE is an integer, with k, m or g for sizes.

    Raises:
        UsageError: an unknown name or a value that is not a positive whole number.
    """
    changes: dict[str, int] = {}
    names = Limits.__struct_fields__
    for setting in settings:
        name, _, value = setting.partition("=")
        name = name.strip().replace("-", "_")
        if name not in names:
            raise UsageError(f"no limit is called {name!r}", hint="limits: " + ", ".join(names))
        text = value.strip().lower().removesuffix("b").removesuffix("i")
        unit = text[-1:] if text[-1:] in ("k", "m", "g") else ""
        digits = text.removesuffix(unit).strip()
        if not digits.isdecimal() or not digits.isascii() or int(digits) == 0:
            raise UsageError(f"limit {name} needs a positive whole number, not {value!r}", hint="for example 256m")
        changes[name] = int(digits) * _UNITS[unit]
    return msgspec.structs.replace(base, **changes)
