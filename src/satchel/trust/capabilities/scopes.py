"""Scopes: which items a token is about, and when one scope certainly lies within another (dossier 5.2, 5.3, 5.7).

Names are compared letter by letter, without normalisation. A scope selects by one rule alone; there is no joining of rules.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from satchel.model.components import Item

Operator = Literal["any_of", "all_of", "none_of"]


class Entries(msgspec.Struct, frozen=True, tag="entries"):
    """Exactly the items with these ids."""

    ids: frozenset[str]


class Components(msgspec.Struct, frozen=True, tag="component"):
    """All items of these components."""

    names: frozenset[str]


class Tags(msgspec.Struct, frozen=True, tag="tags"):
    """Items by their tags. ``any_of`` nothing selects nothing; ``all_of`` and ``none_of`` nothing exclude nothing.

    ``episodic``: only episodic items are asked, for all others the predicate is false, ``none_of`` too (the specification's
    rule); without it every item is (the SDK's).
    """

    operator: Operator
    tags: frozenset[str]
    episodic: bool


class Everything(msgspec.Struct, frozen=True, tag="wildcard"):
    """All items."""


Scope = Entries | Components | Tags | Everything


def permits(scope: Scope, item: Item) -> bool:
    """Whether the scope selects the item."""
    match scope:
        case Everything():
            return True
        case Entries(ids):
            return not ids.isdisjoint(item.ids)
        case Components(names):
            return item.component in names
        case Tags(operator, tags, episodic):
            if episodic and item.component != "episodic":
                return False
            if operator == "any_of":
                return not tags.isdisjoint(item.tags)
            return tags <= item.tags if operator == "all_of" else tags.isdisjoint(item.tags)


def is_within(inner: Scope, outer: Scope) -> bool:
    """Whether whatever ``inner`` selects, ``outer`` selects too, for all items that could ever be: told from the scopes alone.

    False where only the items could tell, such as listed entries within a component.
    """
    if isinstance(outer, Everything) or is_empty(inner):
        return True
    match inner, outer:
        case Entries(few), Entries(many):
            return few <= many
        case Components(few), Components(many):
            return few <= many
        case Tags(episodic=True), Components(names):
            return "episodic" in names
        case Tags(), Tags():
            return (inner.episodic or not outer.episodic) and _is_within(inner, outer)
    return False


def _is_within(inner: Tags, outer: Tags) -> bool:
    few, many = inner.tags, outer.tags
    if not many and outer.operator != "any_of":
        return True
    match inner.operator, outer.operator:
        case "any_of", "any_of":
            return few <= many
        case ("all_of", "all_of") | ("none_of", "none_of"):
            return few >= many
        case "all_of", "any_of":
            return not few.isdisjoint(many)
        case "any_of", "all_of":
            # Each of the few alone lets an item in.
            return all(many <= {tag} for tag in few)
    return False


def is_empty(scope: Scope) -> bool:
    """Whether the scope can select nothing at all."""
    match scope:
        case Entries(ids):
            return not ids
        case Components(names):
            return not names
        case Tags("any_of", tags):
            return not tags
    return False


def is_sensitive(scope: Scope) -> bool:
    """Whether the scope reaches who the person is, or whatever nobody thought of: such a grant should live a day at most
    (TOK-20)."""
    match scope:
        case Everything():
            return True
        case Components(names):
            return "identity" in names
        case Tags("none_of"):
            return True
        case Tags("all_of", tags):
            return not tags
    return False
