"""``satchel grant``, ``satchel grants``, ``satchel revoke``: capability tokens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from satchel.cli import options

if TYPE_CHECKING:
    from datetime import datetime

    from satchel.trust.capabilities.scopes import Scope
    from satchel.vault.values import IssuedToken, Revocation

_PERMISSIONS = ("read", "write", "derive", "redact", "export", "rehydrate")
_COMPONENTS = ("episodic", "semantic", "procedural", "working", "identity")
_REASONS = ("unspecified", "lost", "compromised", "superseded", "ended")


@click.command()
@click.option("--entry", multiple=True, metavar="ID", help="This record; its id or the first digits of it.")
@click.option("--component", multiple=True, type=click.Choice(_COMPONENTS), help="All records of this component.")
@click.option("--any-tag", multiple=True, metavar="TAG", help="Records with any of these tags.")
@click.option("--all-tags", multiple=True, metavar="TAG", help="Episodes and talks with all of these tags.")
@click.option("--no-tag", multiple=True, metavar="TAG", help="Episodes and talks with none of these tags.")
@click.option("--everything", is_flag=True, help="All records. Less is nearly always enough.")
@click.option(
    "--permission", "-p", multiple=True, type=click.Choice(_PERMISSIONS), help="What may be done; read where none is named."
)
@click.option("--audience", default="", metavar="NAME", help="Whom it is for: agent:NAME or operator:NAME.")
@click.option("--bearer", is_flag=True, help="For whoever has it, instead of --audience.")
@click.option("--expires", default="24h", show_default=True, metavar="WHEN", help="30m, 24h, 7d, or a date or time.")
@click.option("--not-before", default="", metavar="WHEN", help="Holds from then on.")
@click.option("--max-entries", type=click.IntRange(1), metavar="N", help="At most so many records at a time.")
@click.option("--require-redaction", is_flag=True, help="Only where what is handed out is redacted.")
@click.option("--profile", type=click.Choice(["sdk-0.1", "spec-1.0"]), help="The spelling; else sdk-0.1 where it can say it.")
@click.option("--sign", default="main", show_default=True, metavar="KEY", help="The signing key (satchel keys create).")
@click.option("--delegate-from", type=options.PATH, metavar="TOKENFILE", help="Pass on a part of a token that you hold.")
@click.option("--out", "-o", type=options.PATH, metavar="FILE", help="Into this new file, 0600.")
@options.json
def grant(
    entry: tuple[str, ...],
    component: tuple[str, ...],
    any_tag: tuple[str, ...],
    all_tags: tuple[str, ...],
    no_tag: tuple[str, ...],
    everything: bool,
    permission: tuple[str, ...],
    audience: str,
    bearer: bool,
    expires: str,
    not_before: str,
    max_entries: int | None,
    require_redaction: bool,
    profile: str | None,
    sign: str,
    delegate_from: Path | None,
    out: Path | None,
    json: bool,
) -> None:
    """Make a capability token: who may do what with which records, until when. Signed by your key; the vault remembers it.

    Name exactly one scope: --entry, --component, --any-tag, --all-tags, --no-tag or --everything. With --delegate-from,
    what is not named is as in the token that you hold, and nothing can be more; its file comes along in the new one.

    \b
    satchel grant --component semantic --audience agent:analysis-bot -o token.json
    satchel grant --any-tag finance -p read -p export --audience agent:accountant --expires 7d -o token.json
    satchel grant --delegate-from token.json --component semantic --audience agent:helper -o for-helper.json
    satchel --token token.json --caller agent:analysis-bot search sourdough
    """
    from satchel.cli import moments
    from satchel.cli.console import say, say_json, tell
    from satchel.cli.door import read_file
    from satchel.cli.vaults import opened
    from satchel.errors import OutputError, UsageError
    from satchel.move import granting

    if out is not None and out.exists():
        raise OutputError(f"{out} exists already", hint="name a new file")
    if bearer and audience:
        raise UsageError("--bearer is for whoever has it, --audience for one", hint="leave one of them out")
    now = granting.now()
    is_default = click.get_current_context().get_parameter_source("expires") is click.core.ParameterSource.DEFAULT
    parent = read_file(str(delegate_from)) if delegate_from is not None else None
    with opened() as store:
        wanted = granting.Wanted(
            scope=_scope(
                [store.resolve(id) for id in entry], component, any_tag, all_tags, no_tag, everything, spelled=profile or ""
            ),
            permissions=frozenset(permission),  # type: ignore[arg-type]
            audience=audience,
            bearer=bearer,
            expires_at=None if is_default and parent else moments.ahead(expires, "--expires", now),
            not_before=moments.ahead(not_before, "--not-before", now) if not_before else None,
            max_entries=max_entries,
            require_redaction=require_redaction,
            profile=profile,  # type: ignore[arg-type]
        )
        made = granting.grant(store, wanted, key=sign, parent=parent, now=now)
    if out is not None:
        from satchel.trust.files import write_private

        write_private(out, made.data)
    token = made.presented.token
    if json:
        said = {"id": token.id, "file": str(out) if out else None, "warnings": made.warnings}
        say_json({**said, **({} if out else {"token": made.value})})
        return
    for warning in made.warnings:
        tell(f"Warning: {warning}")
    whom = token.audience or "whoever has it"
    tell(f"Token {token.id} for {whom}, until {token.expires_at:%Y-%m-%d %H:%M} UTC.")
    if out is None:
        say(made.data.decode().rstrip())
    else:
        tell(f"It is in {out}.")


def _scope(
    entries: list[str],
    components: tuple[str, ...],
    any_tag: tuple[str, ...],
    all_tags: tuple[str, ...],
    no_tag: tuple[str, ...],
    everything: bool,
    *,
    spelled: str,
) -> Scope | None:
    from satchel.errors import UsageError
    from satchel.trust.capabilities.scopes import Components, Entries, Everything, Tags

    named: list[Scope] = []
    if entries:
        named.append(Entries(frozenset(entries)))
    if components:
        named.append(Components(frozenset(components)))
    if any_tag:
        # The specification asks tags of episodes alone, the SDK of all.
        named.append(Tags("any_of", frozenset(any_tag), episodic=spelled == "spec-1.0"))
    if all_tags:
        named.append(Tags("all_of", frozenset(all_tags), episodic=True))
    if no_tag:
        named.append(Tags("none_of", frozenset(no_tag), episodic=True))
    if everything:
        named.append(Everything())
    if len(named) > 1:
        raise UsageError("a token has one kind of scope", hint="make two tokens")
    return named[0] if named else None


@click.command()
@click.option("--all", "all_", is_flag=True, help="Those that are over, too.")
@options.json
def grants(all_: bool, json: bool) -> None:
    """List the tokens that were granted and still hold, or will; with --all every one, and all that was revoked.

    \b
    satchel grants --all
    """
    from satchel.cli.console import clean, one_line, say, say_json, table
    from satchel.cli.vaults import opened
    from satchel.move.granting import now

    with opened() as store:
        issued, revoked = store.issued_tokens(), {each.id: each for each in store.revocations()}
    at = now()
    listed: list[dict[str, Any]] = [
        {"state": _state(token, revoked.get(token.id), at), "token": token, "revoked": revoked.get(token.id)}
        for token in issued
    ]
    known = {token.id for token in issued}
    strangers = [each for id, each in revoked.items() if id not in known]
    if not all_:
        listed = [each for each in listed if each["state"] in ("holds", "not yet")]
    if json:
        say_json({"grants": listed, "revoked_elsewhere": strangers if all_ else []})
        return
    rows = [
        [
            each["token"].id,
            each["state"],
            one_line(each["token"].audience or "whoever has it", 32),
            ", ".join(each["token"].permissions),
            one_line(_said(each["token"].scope), 40),
            f"{each['token'].expires:%Y-%m-%d %H:%M}",
        ]
        for each in listed
    ]
    if all_:
        rows += [[clean(each.id), "revoked", "", "", "issued elsewhere", ""] for each in strangers]
    if not rows:
        say("No token holds: satchel grant makes one." if not all_ else "No token was ever granted here.")
        return
    table(rows, head=["token", "", "for", "may", "what", "until (UTC)"])


def _state(token: IssuedToken, revocation: Revocation | None, now: datetime) -> str:
    if revocation is not None:
        return "revoked"
    if token.expires < now:
        return "expired"
    return "not yet" if token.not_before is not None and token.not_before > now else "holds"


def _said(scope: Scope) -> str:
    """A scope in a few words."""
    from satchel.cli.console import counted
    from satchel.trust.capabilities.scopes import Components, Entries, Tags

    match scope:
        case Entries(ids):
            return counted(len(ids), "record")
        case Components(names):
            return ", ".join(sorted(names)) or "nothing"
        case Tags(operator, tags):
            return f"{operator.replace('_', ' ')} {', '.join(sorted(tags))}"
    return "everything"


@click.command()
@click.argument("id", metavar="TOKEN")
@click.option("--reason", type=click.Choice(_REASONS), default="unspecified", show_default=True, help="For the audit log.")
@options.json
def revoke(id: str, reason: str, json: bool) -> None:
    """Refuse a token from now on, and all that was delegated from it. There is no way back: grant a new one.

    TOKEN is its id, or the first 4 or more characters of the id of one that was granted here.

    \b
    satchel revoke f47ac10b --reason lost
    """
    from satchel.cli.console import say, say_json
    from satchel.cli.vaults import opened
    from satchel.move.granting import token_called

    with opened() as store:
        called = token_called(store, id)
        is_new = store.revoke_token(called.id, reason)  # type: ignore[arg-type]
    if json:
        say_json({"revoked": called.id, "was_revoked_before": not is_new, "issued_here": called.is_ours})
        return
    elsewhere = "" if called.is_ours else " It was not granted here; it is refused here all the same."
    say(f"{called.id} is revoked.{elsewhere}" if is_new else f"{called.id} was revoked before.")
