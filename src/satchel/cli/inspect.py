"""``satchel inspect``: what an artifact is, what holds of it, and what derives from what in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from satchel.cli import options

if TYPE_CHECKING:
    from satchel.formats.portable_agent_memory.artifact import Artifact
    from satchel.formats.portable_agent_memory.checking import Report


@click.command()
@click.argument("path", type=options.PATH)
@click.option(
    "--as",
    "drawn_as",
    type=click.Choice(["tree", "dot", "mermaid"]),
    default="tree",
    show_default=True,
    help="Draw the provenance graph as text, for Graphviz or for Mermaid; the last two print nothing else.",
)
@click.option("--most", type=click.IntRange(1), default=200, show_default=True, help="Entries to draw at most.")
@options.limit
@options.json
def inspect(path: Path, drawn_as: str, most: int, limit: tuple[str, ...], json: bool) -> None:
    """Look into an artifact of Portable Agent Memory: its profile, what its hashes and signatures say, and its provenance.

    Nobody's signature is asked for here: satchel verify does that.

    \b
    satchel inspect agent.pam
    satchel inspect agent.pam --as dot | dot -Tsvg -o agent.svg
    """
    from satchel import limits
    from satchel.cli.console import clean, say, say_json
    from satchel.errors import InputError, UsageError
    from satchel.formats import registry

    bounds = limits.raised(list(limit))
    if not path.exists():
        raise InputError(f"there is nothing at {path}")
    format = registry.recognise(path)
    if format.info.name != "portable-agent-memory":
        raise UsageError(
            f"{path.name} is {format.info.title}, which has no provenance graph", hint="satchel validate checks it"
        )
    from satchel.formats.portable_agent_memory import graphs
    from satchel.formats.portable_agent_memory.checking import check
    from satchel.formats.portable_agent_memory.files import load
    from satchel.formats.portable_agent_memory.provenance import depths_of, graph_of

    artifact = load(path, bounds)
    graph = graph_of(artifact)
    if json:
        from msgspec import structs

        report = check(artifact, bounds)
        depths = depths_of(graph)
        drawn = list(graph.nodes.items())[:most]
        say_json(
            {
                "path": str(path),
                "verdict": report.verdict() or "ok",
                "strict_verdict": report.verdict(strict=True) or "ok",
                "report": {**structs.asdict(report), "key": report.key.text if report.key else ""},
                "graph": {
                    "entries": len(graph.nodes),
                    "shown": len(drawn),
                    "nodes": [
                        {"id": own, "component": node.component, "parents": node.parents, "generation": depths.get(own)}
                        for own, node in drawn
                    ],
                },
            }
        )
        return
    if drawn_as != "tree":
        for line in graphs.dot(graph, most) if drawn_as == "dot" else graphs.mermaid(artifact, graph, most):
            say(line)
        return
    tell_report(path, artifact, check(artifact, bounds))
    say()
    for line in graphs.tree(artifact, graph, most):
        say(clean(line))


def tell_report(path: Path, artifact: Artifact, report: Report) -> None:
    """What an artifact is and what holds of it, for people."""
    from satchel.cli.console import clean, counted, say
    from satchel.cli.import_ import print_findings
    from satchel.formats.portable_agent_memory.signing import form

    agent = artifact.source_agent
    names = [str(agent[name]) for name in ("name", "model_family", "runtime") if agent.get(name)]
    each = ", ".join(f"{count:,} {component}" for component, count in report.counts.items() if count)
    total = sum(report.counts.values())
    rows = {
        "profile": f"{report.profile}, {form(report)}",
        "from": (" / ".join(names) or "it does not say") + ("" if report.sealed else "  (on nobody's word)"),
        "entries": f"{total:,} ({each})" if each else "none",
        "depth": counted(report.generations, "generation"),
        "root": f"{report.root_hash or 'none'}  ({report.root_rule or 'not that of what is there'})",
        "signature": _SIGNATURES[report.signature],
        "seal": "holds: all of the envelope is as it was sealed" if report.sealed else "none that holds",
    }
    if report.disclosed_of:
        rows["part"] = f"{total:,} of {report.disclosed_of:,} entries that were signed together"
    if report.partial:
        rows["version"] = f"{report.pam_version} / {report.schema_version}: later than is known here, read in part"
    verdict = report.verdict()
    rows["verdict"] = verdict or "sound"
    if not verdict and (strict := report.verdict(strict=True)):
        rows["verdict"] += f"; by the letter of the specification {strict}"
    for name, said in rows.items():
        say(clean(f"{name:<10} {said}"))
    print_findings(tuple(fault.finding() for fault in report.faults_in(path.name)), limit=20)


_SIGNATURES = {
    "none": "none",
    "valid": "holds",
    "untrusted": "holds, by the key that the seal names; satchel verify tells whether you trust it",
    "invalid": "does not hold",
    "unchecked": "there; satchel verify tells whether it holds by a key that you trust",
}
