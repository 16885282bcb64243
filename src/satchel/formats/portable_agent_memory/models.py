"""The entries and envelopes of each profile as types: members, what they may hold, and the SDK's defaults (dossier 1).

They are read by ``shapes`` and nowhere else turned into objects: hashes are over what stands in the file. The members stand
in the order in which they are written. Times are text here; ``shapes`` looks at them.
"""

from __future__ import annotations

import functools
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from satchel.formats.portable_agent_memory.profiles import BROWSER, SCHEMA, SDK, SPEC, Component, Profile

Id = Annotated[str, Meta(pattern=r"^blake3:[0-9a-f]{64}\Z")]
BareId = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Version = Annotated[str, Meta(pattern=r"^[0-9]+\.[0-9]+\Z")]
Score = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0)]


# ---- sdk-0.1


class SdkEntry(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What every entry has; ``id`` and ``created_at`` the SDK would make up, which no verifier may."""

    id: Id
    parent_ids: list[str] = []
    created_at: str
    tags: list[str] = []
    schema_version: str = "1.0"


class SdkEpisodic(SdkEntry, forbid_unknown_fields=True, kw_only=True):
    timestamp: str = ""
    actor: str = ""
    observation: str = ""
    salience: Score = 0.5
    event_type: Literal["interaction", "observation", "outcome", "reflection"] = "observation"


class SdkSemantic(SdkEntry, forbid_unknown_fields=True, kw_only=True):
    subject: str = ""
    predicate: str = ""
    object: str = ""
    confidence: Score = 0.5
    source_event_ids: list[str] = []


class SdkProcedural(SdkEntry, forbid_unknown_fields=True, kw_only=True):
    name: str = ""
    description: str = ""
    parameters: list[dict[str, Any]] = []
    body: str = ""
    language: Literal["natural", "python", "javascript", "typescript", "shell", "other"] = "natural"
    preconditions: list[str] = []
    usage_count: int = 0
    last_used: str | None = None


class SdkWorking(SdkEntry, forbid_unknown_fields=True, kw_only=True):
    goals: list[str] = []
    subgoals: list[dict[str, Any]] = []
    scratch: str = ""
    pending_actions: list[dict[str, Any]] = []


class SdkIdentity(SdkEntry, forbid_unknown_fields=True, kw_only=True):
    preferences: dict[str, Any] = {}
    persona: str = ""
    language: str = "en"
    policies: list[str] = []
    custom_instructions: str = ""


class SdkAgent(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: str
    model_family: str
    runtime: str
    version: str = ""


class SdkEnvelope(msgspec.Struct, kw_only=True):
    """The envelope without its arrays. An empty root hash, which the SDK lets pass, is no root hash."""

    pam_version: str = "1.0"
    schema_version: str = "1.0"
    created_at: str
    source_agent: SdkAgent
    root_hash: Id
    signature: str = ""
    capability_tokens: list[Any] = []
    metadata: dict[str, Any] = {}


# ---- spec-1.0


class SpecEntry(msgspec.Struct, kw_only=True):
    id: Id
    parent_ids: list[Id]
    created_at: str
    version: Version


class SpecEpisodic(SpecEntry, kw_only=True):
    timestamp: str
    actor: Annotated[str, Meta(pattern=r"^(user|agent|system|tool):[A-Za-z0-9_.@-]{1,128}\Z")]
    observation: str
    salience: Score
    tags: list[str]
    context: dict[str, Any] | UnsetType = UNSET


class SpecSemantic(SpecEntry, kw_only=True):
    subject: str
    predicate: str
    object: str
    confidence: Score
    source_event_ids: list[Id]


class SpecParameter(msgspec.Struct, kw_only=True):
    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}\Z")]
    type: Literal["string", "integer", "number", "boolean", "object", "array"]
    required: bool
    default: Any = UNSET


class SpecProcedural(SpecEntry, kw_only=True):
    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,127}\Z")]
    params: list[SpecParameter]
    body: str
    preconditions: list[str]
    usage_count: Count
    last_used: str | None


class SpecToolCall(msgspec.Struct, kw_only=True, tag_field="action", tag="tool_call"):
    tool: str
    status: Literal["pending", "in_progress", "completed", "failed"]
    args: dict[str, Any] | UnsetType = UNSET


class SpecMessage(msgspec.Struct, kw_only=True, tag_field="action", tag="message"):
    status: Literal["pending", "in_progress", "completed", "failed"]
    args: dict[str, Any] | UnsetType = UNSET


class SpecInternal(SpecMessage, kw_only=True, tag_field="action", tag="internal"):
    pass


class SpecWorking(SpecEntry, kw_only=True):
    goals: list[str]
    subgoals: list[str]
    scratch: dict[str, Any]
    pending_actions: list[SpecToolCall | SpecMessage | SpecInternal]


class SpecPersona(msgspec.Struct, kw_only=True):
    name: str
    role: str


class SpecIdentity(SpecEntry, kw_only=True):
    preferences: dict[Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*\Z")], Any]
    persona: SpecPersona
    language: Annotated[str, Meta(pattern=r"^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*\Z")]
    policies: list[str]


class SpecAgent(msgspec.Struct, kw_only=True):
    name: str
    model_family: str
    runtime: str


class SpecComponents(msgspec.Struct, kw_only=True):
    """Only that the arrays are there: their entries are looked at one by one."""

    episodic: list[Any]
    semantic: list[Any]
    procedural: list[Any]
    working: list[Any]
    identity: list[Any]


class SpecEnvelope(msgspec.Struct, kw_only=True):
    pam_version: Version
    schema_version: Version
    created_at: str
    source_agent: SpecAgent
    root_hash: Id
    signature: str
    capability_tokens: list[Any]
    components: SpecComponents
    metadata: dict[str, Any] | UnsetType = UNSET


# ---- schema-1.0


class SchemaEntry(msgspec.Struct, kw_only=True):
    id: BareId
    parent_ids: list[BareId] = []
    created_at: str
    tags: list[str] = []
    schema_version: str


class SchemaEpisodic(SchemaEntry, kw_only=True):
    timestamp: str
    actor: str
    observation: str
    salience: Score = 0.5
    event_type: Literal["interaction", "observation", "outcome", "reflection"]


class SchemaSemantic(SchemaEntry, kw_only=True):
    subject: str
    predicate: str
    object: str
    confidence: Score = 1.0
    source_event_ids: list[BareId] = []


class SchemaParameter(msgspec.Struct, kw_only=True):
    name: str
    type: str
    required: bool = False


class SchemaProcedural(SchemaEntry, kw_only=True):
    name: str
    description: str
    parameters: list[SchemaParameter] = []
    body: str
    language: str
    preconditions: list[str] = []
    usage_count: Count = 0
    last_used: str | None = None


class SchemaSubgoal(msgspec.Struct, kw_only=True):
    goal: str
    status: Literal["pending", "in_progress", "completed", "blocked", "abandoned"]
    parent_goal: str


class SchemaAction(msgspec.Struct, kw_only=True):
    action: str
    args: dict[str, Any] = {}
    status: Literal["queued", "running", "completed", "failed"]


class SchemaWorking(SchemaEntry, kw_only=True):
    goals: list[str]
    subgoals: list[SchemaSubgoal] = []
    scratch: str = ""
    pending_actions: list[SchemaAction] = []


class SchemaIdentity(SchemaEntry, kw_only=True):
    preferences: dict[str, Any] = {}
    persona: str = ""
    language: Annotated[str, Meta(pattern=r"^[a-z]{2}\Z")] = "en"
    policies: list[str] = []
    custom_instructions: str = ""


class SchemaAgent(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: str
    model_family: str
    version: str
    runtime: str


class SchemaComponents(SpecComponents, forbid_unknown_fields=True, kw_only=True):
    pass


class SchemaEnvelope(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    pam_version: Version
    schema_version: Version
    created_at: str
    source_agent: SchemaAgent
    root_hash: Id
    signature: str
    capability_tokens: list[Any] = []
    components: SchemaComponents
    metadata: dict[str, Any] = {}


# ---- browser


class BrowserEntry(msgspec.Struct, kw_only=True):
    """Only what every part of Satchel leans on: nothing of this shape is ever more than unverified."""

    id: Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}\Z")]
    parent_ids: list[str] = []


class BrowserEnvelope(msgspec.Struct, kw_only=True):
    version: str
    root_hash: Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}\Z")]
    metadata: dict[str, Any] = {}


ENVELOPES: dict[Profile, type[msgspec.Struct]] = {
    SDK: SdkEnvelope,
    SPEC: SpecEnvelope,
    SCHEMA: SchemaEnvelope,
    BROWSER: BrowserEnvelope,
}
ENTRIES: dict[Profile, dict[Component, type[msgspec.Struct]]] = {
    SDK: {
        "episodic": SdkEpisodic,
        "semantic": SdkSemantic,
        "procedural": SdkProcedural,
        "working": SdkWorking,
        "identity": SdkIdentity,
    },
    SPEC: {
        "episodic": SpecEpisodic,
        "semantic": SpecSemantic,
        "procedural": SpecProcedural,
        "working": SpecWorking,
        "identity": SpecIdentity,
    },
    SCHEMA: {
        "episodic": SchemaEpisodic,
        "semantic": SchemaSemantic,
        "procedural": SchemaProcedural,
        "working": SchemaWorking,
        "identity": SchemaIdentity,
    },
    BROWSER: dict.fromkeys(("episodic", "semantic", "procedural", "working", "identity"), BrowserEntry),
}
_SHARED: dict[Profile, type[msgspec.Struct]] = {SDK: SdkEntry, SPEC: SpecEntry, SCHEMA: SchemaEntry, BROWSER: BrowserEntry}
#: The members of a component's own, without those that every entry has.
OWN_MEMBERS: dict[Profile, dict[Component, tuple[str, ...]]] = {
    profile: {
        component: model.__struct_fields__[len(_SHARED[profile].__struct_fields__) :] for component, model in models.items()
    }
    for profile, models in ENTRIES.items()
}


def members(profile: Profile, component: Component) -> tuple[str, ...]:
    """The members of an entry, in the order in which they are written."""
    return ENTRIES[profile][component].__struct_fields__


def defaults(profile: Profile, component: Component) -> dict[str, Any]:
    """The members that an entry may leave out, with what the profile's own words then take them for; fresh each time."""
    return {
        name: value.copy() if type(value) in (dict, list) else value for name, value in _defaults(profile, component).items()
    }


@functools.cache
def _defaults(profile: Profile, component: Component) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for field in msgspec.structs.fields(ENTRIES[profile][component]):
        if field.default_factory is not msgspec.NODEFAULT:
            made[field.encode_name] = field.default_factory()
        elif field.default not in (msgspec.NODEFAULT, UNSET):
            made[field.encode_name] = field.default
    return made
