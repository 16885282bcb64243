"""``satchel eval``: how good recall is, what of hostile text it recognises, and what a move to another model loses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from satchel.cli import options

if TYPE_CHECKING:
    from datetime import datetime

    from satchel.recall.evaluation import attacks as hostile
    from satchel.recall.evaluation.scoring import Mean, Report
    from satchel.recall.evaluation.transfer import Probes


@click.group("eval")
def evaluate() -> None:
    """Measure recall on questions with known answers and on hostile texts, and what a move to another model loses.

    \b
    satchel eval recall locomo10.json
    satchel eval attacks tensor-trust.jsonl --benign NotInject_one.json
    """


@evaluate.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("-k", "ks", multiple=True, type=click.IntRange(1, 64), help="Recall among the first so many; 5 and 10.")
@click.option(
    "--budget",
    "budgets",
    multiple=True,
    type=click.IntRange(min=1000),
    metavar="TOKENS",
    help="What stands in a context of this size; 4096 and 16384.",
)
@click.option("--no-contexts", is_flag=True, help="Retrieval alone, which takes a third of the time.")
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path),
    help="The model's tokenizer.json, to count exactly; else bytes stand for tokens.",
)
@click.option("--model", metavar="FOLDER", help="Also by the vectors of the model in this folder, or of: hashing.")
@options.limit
@options.json
def recall(
    path: Path,
    ks: tuple[int, ...],
    budgets: tuple[int, ...],
    no_contexts: bool,
    tokenizer: Path | None,
    model: str | None,
    limit: tuple[str, ...],
    json: bool,
) -> None:
    """Ask the questions of a data set and tell how much of the known evidence is found.

    PATH is a file or folder of LoCoMo, LongMemEval, PersonaMem or BEAM as published; none comes with Satchel. Each conversation
    is imported into a vault that is thrown away; yours is not touched, and nothing leaves this machine.

    \b
    satchel eval recall locomo10.json
    satchel eval recall locomo10.json --model ~/models/all-MiniLM-L6-v2
    satchel eval recall BEAM/chats/100K --budget 8192 --json
    """
    from satchel.cli.console import say_json, tell
    from satchel.limits import raised
    from satchel.recall import counting
    from satchel.recall.embedders.sources import Folder, Hashing, opened
    from satchel.recall.evaluation import benchmarks
    from satchel.recall.evaluation.measuring import Plan, ask
    from satchel.recall.evaluation.scoring import Sheet

    plan = Plan(
        ks=tuple(sorted(set(ks))) or (5, 10),
        budgets=() if no_contexts else tuple(sorted(set(budgets))) or (4096, 16384),
        counter=counting.from_vocabulary(tokenizer) if tokenizer else counting.BYTES,
        embedder=None if model is None else opened(Hashing() if model == "hashing" else Folder(str(Path(model).expanduser()))),
    )
    with benchmarks.opened(path, raised(list(limit))) as benchmark:
        sheet = Sheet(benchmark.name, plan)
        for case in benchmark.cases:
            sheet.add(list(ask(case, plan)), sum(len(talk.turns) for talk in case.talks))
            if sheet.cases % 10 == 0:
                tell(f"{sheet.cases:,} conversations done")
    report = sheet.report()
    if json:
        say_json(report)
    else:
        _told(report, plan.ks, plan.budgets)


def _told(report: Report, ks: tuple[int, ...], budgets: tuple[int, ...]) -> None:
    from satchel.cli.console import bold, clean, counted, dim, say, table

    say(f"{report.data_set}: {counted(report.cases, 'conversation')} of {report.turns:,} turns, each a vault of its own")
    if report.embedder:
        say(f"by words and by the vectors of {clean(report.embedder)}")
    head = ["questions", "n", "of", *(f"turn@{k}" for k in ks), *(f"session@{k}" for k in ks), "MRR"]
    head += [f"in {budget:,}" for budget in budgets]
    rows = []
    for row in report.rows:
        cells = [clean(row.category), f"{row.with_evidence:,}", f"{row.questions:,}"]
        cells += [_share(row.turns.get(k)) for k in ks] + [_share(row.talks.get(k)) for k in ks]
        cells += [_share(row.reciprocal_rank), *(_share(row.in_context.get(budget)) for budget in budgets)]
        rows.append(cells)
    if any(row.with_evidence for row in report.rows):
        say()
        table(rows, head=head, right=set(range(1, len(head))))
        note = "n of all questions name evidence; shares of it in %, ± standard error over conversations"
        say(dim(f"{note}; contexts in {report.counter}" if budgets else note))
    if any(row.chosen for row in report.rows):
        say()
        choices = [
            [clean(row.category), f"{row.questions:,}", _share(row.chosen), f"{100 * (row.by_chance or 0):.1f}"]
            for row in report.rows
        ]
        table(choices, head=["choices", "n", "right %", "by chance"], right={1, 2, 3})
        say(dim("right: the option that most of what was retrieved speaks for, by words alone; no model answers"))
    if report.abstaining:
        say()
        say(bold("If nothing were answered below a share of the question's words in the best hit"))
        table(
            [[f"{each.threshold:.1f}", *(f"{100 * part:.0f}" for part in (each.answered, each.found, each.declined))]
             for each in report.abstaining],
            head=["share", "answered %", "of found %", "declined %"],
            right={0, 1, 2, 3},
        )  # fmt: skip
        say(
            dim(
                f"answered: of {report.with_answer:,} with an answer; declined: of {report.without_answer:,} without. Words in"
                " common are no knowledge: a question about what nearly happened shares them all"
            )
        )
    say()
    for what, latency in (("retrieve", report.retrieve), ("context", report.context)):
        if latency:
            say(f"{what}: {latency.p50_ms:.1f} ms of CPU p50, {latency.p95_ms:.1f} ms p95")
    if report.unresolved:
        say(f"{report.unresolved:,} ids of evidence name nothing that is there; they are left out")


def _share(value: Mean | None) -> str:
    if value is None:
        return ""
    return f"{100 * value.value:.1f}" + (f" ±{100 * value.error:.1f}" if value.error is not None else "")


@evaluate.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option(
    "--benign",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Harmless text, to see what is taken for an attack.",
)
@click.option("--made", is_flag=True, help="Also the paper's four families, 50 texts each, made here.")
@click.option("--text-field", default="", metavar="NAME", help="The member or column that holds the text; else guessed.")
@click.option("--family-field", default="", metavar="NAME", help="The one that holds the family; else guessed.")
@click.option(
    "--detector", "detectors", multiple=True, metavar="NAME", help="An installed detector to measure beside our patterns."
)
@options.limit
@options.json
def attacks(
    paths: tuple[Path, ...],
    benign: tuple[Path, ...],
    made: bool,
    text_field: str,
    family_field: str,
    detectors: tuple[str, ...],
    limit: tuple[str, ...],
    json: bool,
) -> None:
    """Tell what of hostile texts is recognised, what of harmless ones is taken for hostile, and that none leaves the frame.

    PATH is a corpus as published, a file or a folder: JSON, JSONL, CSV, or text with one attack a line; none comes with
    Satchel. No vault is opened, and nothing leaves this machine. The exit code is 1 where a text left the frame.

    \b
    satchel eval attacks --made
    satchel eval attacks tensor-trust/ BIPIA/benchmark/text_attack_test.json --benign NotInject_one.json
    satchel eval attacks garak.txt --benign notes.csv --text-field body --detector promptguard --json
    """
    from satchel.cli.console import say_json
    from satchel.errors import UsageError
    from satchel.limits import raised
    from satchel.recall import detectors as installed
    from satchel.recall.evaluation import corpora, families
    from satchel.recall.evaluation.attacks import measure

    if not paths and not made and not benign:
        raise UsageError("no corpus was named", hint="a PATH, --benign PATH, or --made")
    limits = raised(list(limit))
    hostile = [corpus for path in paths for corpus in corpora.read(path, text=text_field, family=family_field, limits=limits)]
    hostile += [families.corpus()] if made else []
    harmless = [corpus for path in benign for corpus in corpora.read(path, text=text_field, family=family_field, limits=limits)]
    report = measure(hostile, harmless, [installed.get(name) for name in dict.fromkeys(detectors)])
    if json:
        say_json({"attacks": report.attacks, "benign": report.benign, "escaped": report.escaped, "skipped": report.skipped})
    else:
        _show_attacks(report)
    if report.escaped:
        raise SystemExit(1)


def _show_attacks(report: hostile.Report) -> None:
    from satchel.cli.console import bold, clean, counted, dim, say, table

    head = [
        "",
        "family",
        "texts",
        "recognised %",
        "quarantined %",
        *(f"{clean(name)} %" for name in report.detectors),
        "escaped",
    ]
    for title, rows in (("Attacks: recall", report.attacks), ("Harmless text: false positives", report.benign)):
        if not rows:
            continue
        say(bold(title))
        cells = []
        for row in rows:
            counts = (row.recognised, row.quarantined, *(row.flagged[name] for name in report.detectors))
            shares = [f"{100 * count / row.texts:.1f}" if row.texts else "" for count in counts]
            name = ["", clean(row.family)] if row.family else [clean(row.corpus), "all"]
            cells.append([*name, f"{row.texts:,}", *shares, f"{row.escaped:,}"])
        table(cells, head=head, right=set(range(2, len(head))))
        say()
    if report.skipped:
        say(f"{counted(report.skipped, 'element')} without a text left out; --text-field says where it is")
    say(
        dim(
            "recognised: our patterns saw structure or an order, and it is labelled. quarantined: so many would not stand in a"
            " block of statements. escaped: texts that the frame's parser did not give back as the one item that was put in"
        )
    )


@evaluate.command()
@click.argument("probes", type=click.Path(path_type=Path))
@click.option("--endpoint", metavar="URL", help="An OpenAI-compatible base URL: http://localhost:8000/v1.")
@click.option("--model", metavar="NAME", help="The model that is moved to.")
@click.option("--source-model", metavar="NAME", help="The model that is moved from; else the same.")
@click.option("--source-endpoint", metavar="URL", help="Where that one is; else the same.")
@click.option("--budget", default=4096, show_default=True, type=click.IntRange(1000), help="Tokens of memory for the target.")
@click.option(
    "--source-budget",
    default=128_000,
    show_default=True,
    type=click.IntRange(1000),
    help="Tokens of memory for the source: as much as it takes.",
)
@click.option("--out", type=click.Path(path_type=Path), help="The report; else PROBES with .report.json.")
@options.yes
@options.json
def transfer(
    probes: Path,
    endpoint: str | None,
    model: str | None,
    source_model: str | None,
    source_endpoint: str | None,
    budget: int,
    source_budget: int,
    out: Path | None,
    yes: bool,
    json: bool,
) -> None:
    """Tell what a move to another model loses: Transfer Continuity Score and Re-hydration Fidelity.

    PROBES is a JSON file of probe_tasks and probe_questions. Where it holds both sides' results, nothing is asked and no vault
    is opened. Else the models are asked, with contexts from your vault: they are sent to the endpoint, after its cost is shown.
    The key comes from SATCHEL_API_KEY. A run that is cut short goes on where it stopped when the command is run again.

    \b
    satchel eval transfer results.json
    satchel eval transfer probes.json --endpoint http://localhost:8000/v1 --model qwen3-8b --budget 8192
    """
    from datetime import UTC, datetime

    import msgspec

    from satchel.cli.console import dim, say, say_json, tell
    from satchel.errors import InputError, UsageError
    from satchel.limits import DEFAULT
    from satchel.recall.evaluation import transfer as metrics
    from satchel.trust.files import write_private

    try:
        with probes.open("rb") as stream:
            data = stream.read(DEFAULT.document_bytes + 1)
    except OSError as error:
        raise InputError(f"cannot read {probes}: {error.strerror}") from None
    if len(data) > DEFAULT.document_bytes:
        raise InputError(f"{probes} is larger than {DEFAULT.document_bytes:,} bytes")
    found = metrics.read_probes(data, str(probes))
    out = out or probes.with_name(probes.stem + ".report.json")
    if out.resolve() == probes.resolve():
        raise UsageError("the report would take the place of the probe set", hint="give another --out")
    for warning in metrics.warnings(found):
        tell(f"note: {warning}")
    state = None
    if not found.is_answered:
        if not endpoint or not model:
            raise UsageError("some probes are not answered yet", hint="--endpoint URL --model NAME asks a model")
        found, state = _asked(
            found, (endpoint, model, budget), (source_endpoint or endpoint, source_model or model, source_budget), out, yes
        )
    at = datetime.now(UTC)
    report = metrics.report(found, at=at, number=_number(out, at))
    write_private(out, msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    if state:
        state.unlink(missing_ok=True)
    if json:
        say_json(report)
        return
    if report.metrics.tcs is not None:
        say(f"Transfer Continuity Score  {report.metrics.tcs:.3f}  {metrics.continuity_band(report.metrics.tcs)}")
        done = [(task.source_success, task.target_success) for task in found.probe_tasks]
        say(dim(f"  tasks done: source {sum(bool(a) for a, _ in done)}, target {sum(bool(b) for _, b in done)} of {len(done)}"))
    if report.metrics.rhf is not None:
        say(f"Re-hydration Fidelity      {report.metrics.rhf:.3f}  {metrics.fidelity_band(report.metrics.rhf)}")
        say(dim(f"  {len(found.probe_questions)} questions, answers compared by their words"))
    say(f"The report is {out}")


def _asked(
    probes: Probes, target: tuple[str, str, int], source: tuple[str, str, int], out: Path, yes: bool
) -> tuple[Probes, Path]:
    """The probe set answered by the models, and the file of the answers, no longer needed once the report is there."""
    import sys
    from datetime import UTC, datetime

    from satchel.cli.console import counted, tell
    from satchel.cli.vaults import opened
    from satchel.errors import UsageError
    from satchel.recall.evaluation import probing
    from satchel.recall.evaluation.endpoint import Endpoint

    models: dict[probing.Side, probing.Model] = {
        "source": probing.Model(Endpoint.named(source[0]), source[1], source[2]),
        "target": probing.Model(Endpoint.named(target[0]), target[1], target[2]),
    }
    state = probing.read_state(out, datetime.now(UTC))
    with opened() as store:
        calls = probing.planned(store, probes, models, state.at)
        waiting = probing.waiting(calls, state)
        hosts = " and ".join(dict.fromkeys(models[call.side].endpoint.url for call in waiting))
        if waiting:
            tell(
                f"{counted(len(waiting), 'call')} to {hosts}, at most {sum(call.tokens for call in waiting):,} tokens, with"
                f" contexts from your vault; {counted(len(calls) - len(waiting), 'answer')} there already"
            )
            if not yes:
                if not sys.stdin.isatty():
                    raise UsageError("this sends memory of yours to a model, so it asks before", hint="--yes goes ahead")
                click.confirm("Ask now?", abort=True)
        probing.run(store, calls, models, state, out, told=lambda count: tell(f"{count} of {len(waiting)}"))
    return probing.answered(probes, calls, models, state), probing.state_file(out)


def _number(out: Path, at: datetime) -> int:
    """The number of the day's next evaluation, by the report that is about to be replaced."""
    import re

    try:
        with out.open("rb") as stream:
            found = re.search(rb'"evaluation_id":\s*"eval:(\d{4}-\d\d-\d\d)-(\d{3,9})"', stream.read(1 << 20))
    except OSError:
        return 1
    return int(found[2]) + 1 if found and found[1].decode() == f"{at:%Y-%m-%d}" else 1
