"""The provenance graph drawn: as a tree for a terminal, as Graphviz (the SDK's own ``to_dot``) and as Mermaid (dossier 3.4).

What is drawn is bounded and says so; all that came from the artifact is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.profiles import Component
from satchel.formats.portable_agent_memory.provenance import Graph, children_of

#: How far a line of the tree is indented at most; deeper ones say how deep they are.
_MOST_INDENTED = 24
_LABEL_CHARACTERS = 16
#: Edges drawn for each entry that may be drawn: an artifact can name every other entry in each of its own.
_EDGES_EACH = 8


def tree(artifact: Artifact, graph: Graph, most: int) -> Iterator[str]:
    """Roots, and under each what derives from it. An entry with several parents is drawn out once and named again.

    Entries that no root leads to (in a cycle, or behind a parent that is absent) come at the end.
    """
    children = children_of(graph)
    drawn: set[str] = set()
    lines = 0
    # Behind an absent parent, an entry is as good as a root.
    starts = [own for own, node in graph.nodes.items() if not any(parent in graph.nodes for parent in node.parents)]
    for start in [*starts, *graph.nodes]:
        if start in drawn:
            continue
        waiting = [(start, 0)]
        while waiting:
            own, depth = waiting.pop()
            if lines == most:
                left = len(graph.nodes) - len(drawn)
                yield f"… and {left:,} more of {len(graph.nodes):,} entries" if left else "… and lines that name entries again"
                return
            lines += 1
            node = graph.nodes[own]
            entry = artifact.entries(node.component)[node.at]
            indent = "  " * min(depth, _MOST_INDENTED) + (f"({depth} deep) " if depth > _MOST_INDENTED else "")
            if own in drawn:
                yield f"{indent}{short(own)}  (above)"
                continue
            drawn.add(own)
            notes = _notes(entry, graph, node.is_boundary)
            yield f"{indent}{short(own)}  {node.component}: {title(entry, node.component)}{notes}"
            waiting.extend((child, depth + 1) for child in reversed(children.get(own, ())))


def dot(graph: Graph, most: int) -> Iterator[str]:
    """Graphviz, as the SDK draws it: nodes by id, edges from parent to child."""
    yield "digraph provenance {"
    drawn = sorted(graph.nodes)[:most]
    for own in drawn:
        yield f'  "{_quoted(own)}" [label="{_quoted(own[:_LABEL_CHARACTERS])}"];'
    kept = set(drawn)
    edges = (
        (parent, own) for own in drawn for parent in graph.nodes[own].parents if parent in kept or parent not in graph.nodes
    )
    for parent, own in islice(edges, _EDGES_EACH * most):
        yield f'  "{_quoted(parent)}" -> "{_quoted(own)}";'
    if left := sum(1 for _ in edges):
        yield f"  // {left:,} more edges between them are not drawn"
    if len(drawn) < len(graph.nodes):
        yield f"  // {len(graph.nodes) - len(drawn):,} more of {len(graph.nodes):,} entries are not drawn"
    yield "}"


def mermaid(artifact: Artifact, graph: Graph, most: int) -> Iterator[str]:
    """Mermaid: nodes by number with component and title, edges from parent to child."""
    yield "graph TD"
    numbers = {own: number for number, own in enumerate(list(graph.nodes)[:most])}
    for own, number in numbers.items():
        node = graph.nodes[own]
        label = f"{node.component}: {title(artifact.entries(node.component)[node.at], node.component)}"
        yield f'  n{number}["{_entities(one_line(label, 60))}"]'
    edges = (
        (numbers[parent], number) for own, number in numbers.items() for parent in graph.nodes[own].parents if parent in numbers
    )
    for parent, number in islice(edges, _EDGES_EACH * most):
        yield f"  n{parent} --> n{number}"
    if left := sum(1 for _ in edges):
        yield f"  %% {left:,} more edges between them are not drawn"
    if len(numbers) < len(graph.nodes):
        yield f"  %% {len(graph.nodes) - len(numbers):,} more of {len(graph.nodes):,} entries are not drawn"


def title(entry: dict[str, Any], component: Component) -> str:
    """What an entry is about, in the artifact's own words."""
    match component:
        case "episodic":
            words = [entry.get("observation")]
        case "semantic":
            words = [entry.get("subject"), entry.get("predicate"), entry.get("object")]
        case "procedural":
            words = [entry.get("name")]
        case "working":
            goals = entry.get("goals")
            words = list(goals) if type(goals) is list else []
        case _:
            persona = entry.get("persona")
            words = [persona.get("name"), persona.get("role")] if type(persona) is dict else [persona]
    return one_line(" ".join(word for word in words if type(word) is str))


def one_line(text: str, width: int = 70) -> str:
    """``text`` in one line of printable characters, cut to ``width``."""
    shown = "".join(character if character.isprintable() else " " for character in text[: 8 * width])
    line = " ".join(shown.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def short(own: str) -> str:
    """An id for people: eight digits of its hash."""
    return one_line(own.rpartition(":")[2], 64)[:8] or "(no id)"


def _notes(entry: dict[str, Any], graph: Graph, is_boundary: bool) -> str:
    notes = []
    parents = entry.get("parent_ids")
    if type(parents) is list and len(parents) > 1:
        notes.append(f"{len(parents)} parents")
    absent = 0 if type(parents) is not list else sum(type(each) is not str or each not in graph.nodes for each in parents)
    if is_boundary:
        notes.append("redacted")
    elif absent:
        notes.append(f"{absent} absent parents" if absent > 1 else "an absent parent")
    return f"  ({', '.join(notes)})" if notes else ""


def _quoted(text: str) -> str:
    return (
        "".join(character if character.isprintable() else " " for character in text).replace("\\", "\\\\").replace('"', '\\"')
    )


def _entities(text: str) -> str:
    """Every character that Mermaid could take for syntax, as its number."""
    return "".join(each if each.isalnum() or each in " .,:;-_/…" else f"#{ord(each)};" for each in text)
