"""The mapping as a tree: who answers whom, in an order in which a parent stands before its children.

Exports differ in which links they carry: both ways, only ``parent``, only ``children``, neither (providers.md 3.1, the
era of August 2026). Everything here is linear in the number of nodes and free of recursion: chains of 100,000 nodes occur,
and so do cycles.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from satchel.adapters.chatgpt.shapes import Node

#: Which links the conversation carries.
Links = Literal["tree", "parents", "children", "linear"]


class Tree(msgspec.Struct, frozen=True):
    """``order`` has every node once, parents first; ``parents`` gives each node's parent key, None for a root."""

    order: list[str]
    parents: dict[str, str | None]
    links: Links
    #: Parent keys that name no node.
    dangling: int = 0
    cycles: int = 0


def tree_of(nodes: dict[str, Node | None]) -> Tree:
    """The tree of a mapping.

    A node's parent is its ``parent`` member; else the node whose ``children`` name it; else ``metadata.parent_id``; and
    where no node has a parent or children at all, the node before it in the mapping's order. A cycle is opened at that
    member which stands first in the mapping.
    """
    parents: dict[str, str | None] = {}
    orphans: list[str] = []
    dangling = 0
    has_parents = has_children = False
    is_in_order = True
    for key, node in nodes.items():
        parent = None if node is None else node.parent
        if node is not None and not has_children and node.children:
            has_children = type(node.children) is list
        if type(parent) is str and parent:
            has_parents = True
            if parent in nodes:
                if parent not in parents:
                    is_in_order = False
                parents[key] = parent
                continue
        parents[key] = None
        orphans.append(key)
    # A single orphan is the root: were it anyone's child, the tree would be a cycle.
    if len(orphans) > 1 or not has_parents:
        dangling = _adopt(nodes, orphans, parents, linear=not has_parents and not has_children)
        is_in_order = _parents_first(parents)
    elif orphans:
        node = nodes[orphans[0]]
        dangling = 1 if node is not None and type(node.parent) is str and node.parent else 0
    if has_parents:
        links: Links = "tree" if has_children else "parents"
    else:
        links = "children" if has_children else "linear"
    order = list(nodes)
    cycles = 0
    if not is_in_order:
        cycles = _open_cycles(order, parents)
        order = _sorted(order, parents)
    return Tree(order=order, parents=parents, links=links, dangling=dangling, cycles=cycles)


def _adopt(nodes: dict[str, Node | None], orphans: list[str], parents: dict[str, str | None], *, linear: bool) -> int:
    """Find parents for nodes whose ``parent`` names none; returns how many named one that is not there."""
    by_message = message_keys(nodes)
    by_child: dict[str, str] = {}
    for key, node in nodes.items():
        if node is not None and type(node.children) is list:
            for child in node.children:
                if type(child) is str and child != key:
                    by_child.setdefault(child, key)
    previous: dict[str, str | None] = {}
    if linear:
        before: str | None = None
        for key in nodes:
            previous[key] = before
            before = key
    dangling = 0
    for key in orphans:
        node = nodes[key]
        named = None if node is None else node.parent
        message = None if node is None else node.message
        found = by_message.get(named) if type(named) is str else None
        found = found or by_child.get(key)
        if found is None and message is not None:
            if type(message.id) is str:
                found = by_child.get(message.id)
            if found is None and message.metadata is not None and type(message.metadata.parent_id) is str:
                hint = message.metadata.parent_id
                found = hint if hint in nodes else by_message.get(hint)
        if found == key:
            found = None
        if found is None and type(named) is str and named:
            dangling += 1
        parents[key] = found if found is not None else previous.get(key)
    return dangling


def message_keys(nodes: dict[str, Node | None]) -> dict[Any, str]:
    """The node key of each message id."""
    return {
        node.message.id: key
        for key, node in nodes.items()
        if node is not None and node.message is not None and type(node.message.id) is str
    }


def _parents_first(parents: dict[str, str | None]) -> bool:
    seen: set[str] = set()
    for key, parent in parents.items():
        if parent is not None and parent not in seen:
            return False
        seen.add(key)
    return True


def _open_cycles(order: list[str], parents: dict[str, str | None]) -> int:
    """Make the tree one: each cycle loses the link of its member that comes first. Returns how many there were."""
    index = {key: at for at, key in enumerate(order)}
    done: set[str] = set()
    cycles = 0
    for start in order:
        path: list[str] = []
        on_path: dict[str, int] = {}
        key: str | None = start
        while key is not None and key not in done and key not in on_path:
            on_path[key] = len(path)
            path.append(key)
            key = parents[key]
        if key is not None and key in on_path:
            cycles += 1
            parents[min(path[on_path[key] :], key=index.__getitem__)] = None
        done.update(path)
    return cycles


def _sorted(order: list[str], parents: dict[str, str | None]) -> list[str]:
    """The mapping's order, with each node's missing ancestors put before it."""
    placed: set[str] = set()
    result: list[str] = []
    for start in order:
        chain: list[str] = []
        key: str | None = start
        while key is not None and key not in placed:
            placed.add(key)
            chain.append(key)
            key = parents[key]
        result.extend(reversed(chain))
    return result
