"""The three files as types: the one description of the format's structure (dossier 1.2 to 1.14, 6.1, 6.2).

It drives three things. ``structure`` makes from it the checks that report every fault of a raw value, ``quick`` the types that
a value without any passes in one go, ``schemas`` the JSON Schemas. What a type cannot say stands in ``CONDITIONS``.

A member typed ``May`` can be left out, one typed ``MayNull`` can also be null; an absent one is ``UNSET``, its default being a
matter of meaning and no part of what a checksum covers (dossier 3.6). Patterns end in ``\\Z``: Python's ``$`` lets a trailing
newline pass (dossier 1.1).
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType, field

from satchel.formats.portable_ai_memory import terms

_T = TypeVar("_T")
May: TypeAlias = _T | UnsetType
MayNull: TypeAlias = _T | UnsetType | None

#: The spelling that nearly everyone uses, of days that every year has: all other times are read by ``moments`` (11.4).
PLAIN_TIME = re.compile(
    r"(?!0000)[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?Z"
)


def _says(text: str, **schema: Any) -> Meta:
    """A member's description, and what its schema says besides."""
    return Meta(description=text, extra_json_schema=schema or None)


def _whole(pattern: re.Pattern[str]) -> str:
    return rf"^{pattern.pattern}\Z"


Name = Annotated[str, Meta(min_length=1)]
Time = Annotated[str, Meta(pattern=_whole(PLAIN_TIME), extra_json_schema={"format": "date-time"})]
Uri = Annotated[str, Meta(extra_json_schema={"format": "uri"})]
Version = Annotated[str, Meta(pattern=_whole(terms.VERSION))]
System = Annotated[str, Meta(pattern=_whole(terms.SYSTEM))]
Sha256 = Annotated[str, Meta(pattern=_whole(terms.SHA256))]
Did = Annotated[str, Meta(pattern=_whole(terms.DID))]
Language = Annotated[str, Meta(pattern=_whole(terms.LANGUAGE))]
Platform = Annotated[str, Meta(min_length=2, max_length=32, pattern=_whole(terms.PLATFORM))]
Tag = Annotated[str, Meta(min_length=1, pattern=_whole(terms.TAG))]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0)]
UniqueTags = Annotated[list[Tag], Meta(extra_json_schema={"uniqueItems": True})]
UniquePermissions = Annotated[list[terms.Permission], Meta(min_length=1, extra_json_schema={"uniqueItems": True})]


class Closed(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """An object that has no members but its own."""


class Open(Struct, kw_only=True, gc=False):
    """An object that takes any other member too."""


# ---- memory-store.json


class Owner(Closed):
    """Whose memories these are: one person a file."""

    id: Annotated[Name, _says("The same in every export of this person, a UUID at best.")]
    did: Annotated[MayNull[Did], _says("A decentralised identifier, of any method.", default=None)] = UNSET
    created_at: Annotated[May[Time], _says("Since when the owner is on record.")] = UNSET


class Temporal(Closed):
    """When a memory came to be, when it changed, from when to when it holds."""

    created_at: Annotated[Time, _says("First noted or extracted.")]
    updated_at: Annotated[MayNull[Time], _says("Last changed.", default=None)] = UNSET
    valid_from: Annotated[MayNull[Time], _says("True from here on.", default=None)] = UNSET
    valid_until: Annotated[MayNull[Time], _says("True up to here; without it, to this day.", default=None)] = UNSET
    superseded_by: Annotated[MayNull[str], _says("Id of the memory that took its place.", default=None)] = UNSET


class Confidence(Closed):
    """How sure the system is, and how that fades; no wish of the person's."""

    initial: Annotated[May[Share], _says("At extraction.")] = UNSET
    current: Annotated[May[Share], _says("At the time of the export.")] = UNSET
    decay_model: Annotated[
        MayNull[terms.DecayModel], _says("How it fades; 'none': it does not; null: nobody said.", default=None)
    ] = UNSET
    last_reinforced: Annotated[MayNull[Time], _says("When the person last bore it out.", default=None)] = UNSET


class Provenance(Closed):
    """Where a memory comes from and how it was got."""

    platform: Annotated[Platform, _says("The product it comes from, not the company.")]
    platform_user_id: Annotated[MayNull[str], _says("The account there; leave it out to stay private.", default=None)] = UNSET
    conversation_ref: Annotated[MayNull[str], _says("Id of an entry of conversations_index.", default=None)] = UNSET
    message_ref: Annotated[MayNull[str], _says("Id of a message in that conversation.", default=None)] = UNSET
    extraction_method: Annotated[MayNull[terms.ExtractionMethod], _says("By what means.", default=None)] = UNSET
    extracted_at: Annotated[MayNull[Time], _says("When it was extracted.", default=None)] = UNSET
    extractor: Annotated[MayNull[System], _says("By which program: name/x.y.z.", default=None)] = UNSET


class Grant(Closed):
    """What somebody else may do with a memory."""

    entity: Annotated[Name, _says("An agent, a system or a person, by id.")]
    permissions: Annotated[UniquePermissions, _says("Each once.")]


class Access(Closed):
    """Who may see a memory, and whether it may leave."""

    visibility: Annotated[May[terms.Visibility], _says("The owner; the owner and the grants; everyone.", default="private")] = (
        UNSET
    )
    exportable: Annotated[May[bool], _says("Of false, no export may hold the memory.", default=True)] = UNSET
    shared_with: Annotated[May[list[Grant]], _says("The grants.", default=[])] = UNSET


class Metadata(Open):
    """What else there is to say; any member is welcome and is carried along."""

    language: Annotated[MayNull[Language], _says("Of the content: en, pt-BR, zh-Hans, zh-Hant-TW.", default=None)] = UNSET
    domain: Annotated[MayNull[str], _says("The field of life, such as health or work.", default=None)] = UNSET


class Memory(Closed, kw_only=True):
    """One thing known of the owner."""

    id: Annotated[Name, _says("Unique in the store, a UUID at best.")]
    type: Annotated[terms.MemoryType, _says("What kind of thing it is.")]
    custom_type: Annotated[MayNull[Name], _says("Names the kind of a custom memory; no other has it.", default=None)] = UNSET
    status: Annotated[May[terms.Status], _says("Where it stands in its life.", default="active")] = UNSET
    content: Annotated[Name, _says("The thing itself, in words.")]
    content_hash: Annotated[Sha256, _says("SHA-256 of the content in normal form, to find equals by.")]
    summary: Annotated[MayNull[str], _says("The same in short.", default=None)] = UNSET
    tags: Annotated[May[UniqueTags], _says("In lower case, each once.", default=[])] = UNSET
    confidence: Annotated[May[Confidence], _says("How sure the system is.")] = UNSET
    temporal: Annotated[Temporal, _says("Its times.")]
    provenance: Annotated[Provenance, _says("Its source.")]
    access: Annotated[May[Access], _says("Who may see it.")] = UNSET
    embedding_ref: Annotated[MayNull[str], _says("Id of its embedding, where there is a file of them.", default=None)] = UNSET
    metadata: Annotated[May[Metadata], _says("Anything else.")] = UNSET


class Relation(Closed, kw_only=True):
    """A statement about two memories, read from the first to the second."""

    id: Annotated[Name, _says("Unique among the relations.")]
    from_: Annotated[Name, _says("Id of the first memory.")] = field(name="from")
    to: Annotated[Name, _says("Id of the second memory.")]
    type: Annotated[terms.RelationType, _says("What the first does to the second.")]
    confidence: Annotated[MayNull[Share], _says("How sure the system is of it.", default=None)] = UNSET
    created_at: Annotated[Time, _says("When it was stated.")]


class Span(Closed):
    """When a conversation began and when it last changed."""

    created_at: Annotated[Time, _says("Its beginning.")]
    updated_at: Annotated[MayNull[Time], _says("Its last change.", default=None)] = UNSET


class StoredConversation(Closed):
    """Where the whole conversation lies."""

    type: Annotated[terms.StorageType, _says("What kind of place it is.")]
    ref: Annotated[Name, _says("The place; for a file, its path from the store's folder.")]
    format: Annotated[MayNull[str], _says("What it is written in there, such as json.", default=None)] = UNSET


class IndexEntry(Closed, kw_only=True):
    """One line of the list of conversations."""

    id: Annotated[Name, _says("That of the conversation's own file.")]
    platform: Annotated[Platform, _says("The product it was held on.")]
    title: Annotated[MayNull[str], _says("What it is called.", default=None)] = UNSET
    message_count: Annotated[MayNull[Count], _says("How many messages its file has.", default=None)] = UNSET
    temporal: Annotated[Span, _says("Its times.")]
    tags: Annotated[May[list[Tag]], _says("As those of memories; here one may come twice.", default=[])] = UNSET
    derived_memories: Annotated[
        May[list[Name]], _says("Ids of memories drawn from it; what the memories say of it counts for more.", default=[])
    ] = UNSET
    storage: Annotated[May[StoredConversation], _says("Where the whole of it lies.")] = UNSET


class Integrity(Closed):
    """What tells whether the memories are those that were written."""

    checksum: Annotated[Sha256, _says("SHA-256 of the canonical array of memories, ids ascending.")]
    total_memories: Annotated[Count, _says("How many there are.")]
    canonicalization: Annotated[May[Literal["RFC8785"]], _says("The one canonical form.", default="RFC8785")] = UNSET


class Signature(Closed):
    """Who vouches for the checksum, the export's id and date, and the owner's id."""

    algorithm: Annotated[terms.Algorithm, _says("By its JOSE name.")]
    public_key: Annotated[Name, _says("Multibase, JWK or PEM.")]
    value: Annotated[Name, _says("The signature, base64url without padding.")]
    signed_at: Annotated[Time, _says("Not before the export's date.")]
    key_id: Annotated[MayNull[str], _says("The key's name, a DID URL where the owner has a DID.", default=None)] = UNSET


class Store(Closed, kw_only=True):
    """A person's memories with how they hang together."""

    schema: Annotated[Literal["portable-ai-memory"], _says("Says which of the three files this is.")]
    schema_version: Annotated[Version, _says("Two numbers; this describes 1.0.")]
    spec_uri: Annotated[MayNull[Uri], _says("Names the text followed; never to be fetched.", default=None)] = UNSET
    export_id: Annotated[MayNull[str], _says("Of this one export, a UUID at best.", default=None)] = UNSET
    exported_by: Annotated[MayNull[System], _says("The program that wrote it: name/x.y.z.")] = UNSET
    export_date: Annotated[May[Time], _says("When it was written.")] = UNSET
    owner: Annotated[Owner, _says("Whose they are.")]
    memories: Annotated[list[Memory], _says("What is known of the owner.")]
    relations: Annotated[May[list[Relation]], _says("What the memories have to do with one another.", default=[])] = UNSET
    conversations_index: Annotated[May[list[IndexEntry]], _says("The conversations, without their words.", default=[])] = UNSET
    integrity: Annotated[May[Integrity], _says("Covers the memories and nothing else.")] = UNSET
    export_type: Annotated[May[terms.ExportType], _says("Everything, or what is new.", default="full")] = UNSET
    base_export_id: Annotated[MayNull[str], _says("The export that what is new is added to.", default=None)] = UNSET
    since: Annotated[MayNull[Time], _says("What is new is newer than this.", default=None)] = UNSET
    type_registry: Annotated[MayNull[Uri], _says("Where custom types are listed; never to be fetched.", default=None)] = UNSET
    signature: Annotated[MayNull[Signature], _says("Who vouches for it.")] = UNSET


# ---- conversations/*.json


class Provider(Closed):
    """Where a conversation was held."""

    name: Annotated[Platform, _says("The product, not the company.")]
    conversation_id: Annotated[MayNull[str], _says("Its id there.", default=None)] = UNSET
    account_id: Annotated[MayNull[str], _says("The account there.", default=None)] = UNSET
    export_format_version: Annotated[MayNull[str], _says("Which form of the product's export it came in.", default=None)] = (
        UNSET
    )


class Participant(Closed):
    """Somebody, or something, that takes part."""

    role: Annotated[terms.Role, _says("In what part.")]
    name: Annotated[MayNull[str], _says("Called so.", default=None)] = UNSET
    provider_id: Annotated[MayNull[str], _says("Known to the product by this.", default=None)] = UNSET


class Part(Closed):
    """A piece of a message that has several."""

    type: Annotated[terms.PartType, _says("What kind of piece.")]
    text: Annotated[MayNull[str], _says("Its words.", default=None)] = UNSET
    language: Annotated[MayNull[str], _says("Of code.", default=None)] = UNSET
    mime_type: Annotated[MayNull[str], _says("Of a file.", default=None)] = UNSET
    ref: Annotated[MayNull[str], _says("Where a file lies.", default=None)] = UNSET


class Content(Closed):
    """What a message says: one text, or parts."""

    type: Annotated[terms.ContentType, _says("Which of the two.")]
    text: Annotated[MayNull[str], _says("The one text.", default=None)] = UNSET
    parts: Annotated[May[list[Part]], _says("The parts, in order.", default=[])] = UNSET


class Attachment(Closed):
    """A file that came with a message."""

    type: Annotated[terms.AttachmentType, _says("What kind of file.")]
    name: Annotated[MayNull[str], _says("Its name.", default=None)] = UNSET
    mime_type: Annotated[MayNull[str], _says("Its media type.", default=None)] = UNSET
    size_bytes: Annotated[MayNull[Count], _says("Its size.", default=None)] = UNSET
    ref: Annotated[MayNull[str], _says("Where it lies.", default=None)] = UNSET
    provider_id: Annotated[MayNull[str], _says("The product's id of it.", default=None)] = UNSET


class Citation(Closed):
    """A source that a message leans on."""

    title: Annotated[MayNull[str], _says("What it is called.", default=None)] = UNSET
    url: Annotated[MayNull[Uri], _says("Where it is to be found.", default=None)] = UNSET
    snippet: Annotated[MayNull[str], _says("The words leant on.", default=None)] = UNSET


class ToolCall(Closed, kw_only=True):
    """A call of a tool, and what came of it."""

    name: Annotated[Name, _says("The tool.")]
    id: Annotated[MayNull[str], _says("The call's id.", default=None)] = UNSET
    input: Annotated[May[dict[str, Any] | str | None], _says("What the tool was given.", default=None)] = UNSET
    output: Annotated[MayNull[str], _says("What it gave back, as text.", default=None)] = UNSET


class Message(Closed, kw_only=True):
    """One turn of a conversation, or one thought behind it."""

    id: Annotated[Name, _says("Unique in the conversation, a UUID at best.")]
    provider_message_id: Annotated[MayNull[str], _says("The product's id of it.", default=None)] = UNSET
    role: Annotated[terms.Role, _says("Who speaks.")]
    content: Annotated[May[Content], _says("What is said; left out when nothing is.")] = UNSET
    created_at: Annotated[Time, _says("When.")]
    parent_id: Annotated[MayNull[str], _says("Id of the message that it answers; null for a first one.", default=None)] = UNSET
    children_ids: Annotated[May[list[Name]], _says("Ids of its answers; two make a fork.", default=[])] = UNSET
    model: Annotated[MayNull[str], _says("Which model spoke.", default=None)] = UNSET
    is_thought: Annotated[May[bool], _says("Reasoning that the person was not meant to read.", default=False)] = UNSET
    token_count: Annotated[MayNull[Count], _says("Its length in tokens.", default=None)] = UNSET
    attachments: Annotated[May[list[Attachment]], _says("Files that came along.", default=[])] = UNSET
    citations: Annotated[May[list[Citation]], _says("Sources.", default=[])] = UNSET
    tool_calls: Annotated[May[list[ToolCall]], _says("Tools called.", default=[])] = UNSET
    raw_metadata: Annotated[May[dict[str, Any]], _says("The rest of what the product said, as it said it.", default={})] = UNSET


class ImportMetadata(Closed):
    """How a conversation got here from the product's export."""

    importer: Annotated[MayNull[System], _says("The program that read the export: name/x.y.z.", default=None)] = UNSET
    importer_version: Annotated[MayNull[str], _says("Which of its readers.", default=None)] = UNSET
    imported_at: Annotated[MayNull[Time], _says("When.", default=None)] = UNSET
    source_file: Annotated[MayNull[str], _says("From which file.", default=None)] = UNSET
    source_checksum: Annotated[MayNull[Sha256], _says("SHA-256 of that file.", default=None)] = UNSET


class Conversation(Closed, kw_only=True):
    """One conversation with all that was said."""

    schema: Annotated[Literal["portable-ai-memory-conversation"], _says("Says which of the three files this is.")]
    schema_version: Annotated[Version, _says("The store's.")]
    id: Annotated[Name, _says("That of its line in the store's index.")]
    provider: Annotated[Provider, _says("Where it was held.")]
    title: Annotated[MayNull[str], _says("What it is called.", default=None)] = UNSET
    temporal: Annotated[Span, _says("Its times.")]
    participants: Annotated[May[list[Participant]], _says("Who took part.", default=[])] = UNSET
    messages: Annotated[list[Message], _says("What was said.")]
    model: Annotated[MayNull[str], _says("Which model answered most.", default=None)] = UNSET
    system_instruction: Annotated[MayNull[str], _says("What the model was told beforehand.", default=None)] = UNSET
    is_archived: Annotated[May[bool], _says("Put away by the person.", default=False)] = UNSET
    tags: Annotated[May[list[Tag]], _says("As those of memories.", default=[])] = UNSET
    raw_metadata: Annotated[May[dict[str, Any]], _says("The rest of what the product said, as it said it.", default={})] = UNSET
    import_metadata: Annotated[May[ImportMetadata], _says("How it got here.")] = UNSET


# ---- embeddings.json


class StoredVector(Closed):
    """Where a vector lies that is not in the file."""

    type: Annotated[terms.StorageType, _says("What kind of place it is.")]
    ref: Annotated[Name, _says("The place.")]


class Embedding(Closed):
    """A memory's content as a vector."""

    id: Annotated[Name, _says("Unique in the file; memories name it.")]
    memory_id: Annotated[Name, _says("Whose content it is; no memory has two.")]
    model: Annotated[Name, _says("The model that made it.")]
    dimensions: Annotated[int, Meta(ge=1), _says("The vector's length.")]
    created_at: Annotated[Time, _says("When it was made; older than the memory's last change, it is stale.")]
    vector: Annotated[MayNull[list[float]], _says("The numbers; null when they lie elsewhere.", default=None)] = UNSET
    storage: Annotated[MayNull[StoredVector], _says("Where they lie then.", default=None)] = UNSET


class Embeddings(Closed):
    """Vectors of a store's memories; whoever has none can make them anew."""

    schema: Annotated[Literal["portable-ai-memory-embeddings"], _says("Says which of the three files this is.")]
    schema_version: Annotated[Version, _says("The store's.")]
    embeddings: Annotated[list[Embedding], _says("One for each memory at most.")]


class Condition(Struct, frozen=True):
    """What one member asks of others (dossier 1.15).

    Where ``member`` is ``const`` (or, of None, an object), ``texts`` must be non-empty strings; where it is not, ``nulls``
    must be null or absent.
    """

    id: str
    member: str
    const: str | None
    texts: tuple[str, ...]
    nulls: tuple[str, ...] = ()


CONDITIONS: dict[type[Struct], Condition] = {
    Memory: Condition("C-1, C-2", "type", "custom", texts=("custom_type",), nulls=("custom_type",)),
    Store: Condition("C-3", "signature", None, texts=("export_id", "export_date")),
}
