"""The `tieline` command: parse, call, print; no logic. Light commands never import Prefect."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
import msgspec
from click.core import ParameterSource

from flows.config import SETTINGS, Config, ConfigError
from flows.config_read import read_config
from flows.exporting import connect, export
from flows.interruption import Interrupted, came
from flows.lake import lake
from flows.options import BUSY, EXIT_CODES, FAILED, USAGE, Day, with_settings
from flows.people import people
from flows.privacy import audit, forget, key
from flows.refused import quarantine
from flows.remote import RemoteError, is_remote
from flows.running import backfill, finish, night, run
from flows.safekeeping import backup, restore
from flows.serving import notify, serve

if TYPE_CHECKING:
    from flows.survey import Survey


@click.group(
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="tieline")
def tieline() -> None:
    """Measure the connecting lines between the organisations, teams and people of a network.

    \b
    Begin with:
      tieline demo             an invented network, from exports to trend tables
      tieline init my-network  a folder for your own
    """


@tieline.command()
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--from", "exports", default=None, metavar="EXPORTS",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of exports to write the settings for; they stay where they are.",
)  # fmt: skip
def init(folder: Path | None, exports: Path | None) -> None:
    """Make FOLDER with a commented tieline.toml, folders for exports and a key.

    With --from the settings name the exports found; FOLDER is then the current one if left out.

    \b
    Examples:
      tieline init my-network && cd my-network && tieline check
      tieline init --from exports my-network
    """
    from flows.starting import make_home, make_home_from

    if exports:
        lines = make_home_from(exports, folder or Path())
    elif folder:
        lines = make_home(folder)
    else:
        raise click.UsageError("Missing argument 'FOLDER', or --from EXPORTS.")
    for line in lines:
        click.echo(line)


@tieline.command()
@click.argument("folder", required=False)
@with_settings
@click.pass_context
def check(context: click.Context, folder: str | None, settings: Path, home: Path | None) -> None:
    """Say what every export file is and what is wrong with it, before anything is loaded.

    With FOLDER every file below it is looked at, and what to write in tieline.toml is told; no
    settings are needed. Those in FOLDER or above it, or of -s, give time zone, window and mappings.
    FOLDER may be elsewhere: s3://bucket/folder.

    Ends with exit code 1 where a file or a setting must be mended. Single records that cannot be
    read are told, and are no reason to wait.

    \b
    Examples:
      tieline check exports
      tieline check -s my-network/tieline.toml
    """
    problems = _plugin_problems()
    if folder:
        given = context.get_parameter_source("settings") is not ParameterSource.DEFAULT
        mended = _check_folder(folder, read_config(settings, home) if given else None)
    else:
        mended = _check_settings(read_config(settings, home))
    if problems or not mended:
        sys.exit(FAILED)


def _check_settings(config: Config) -> bool:
    from flows.check import check_files
    from flows.tables import show

    checked = check_files(config)
    show(checked.files, "Export files")
    for line in (*checked.notes, *checked.problems):
        click.echo(line)
    if not checked.problems:
        click.echo("Nothing to mend. Next: tieline run")
    return not checked.problems


def _check_folder(folder: str, config: Config | None) -> bool:
    from flows.elsewhere import survey_of
    from flows.survey import settings_near, survey

    if is_remote(folder):
        with survey_of(folder, config or settings_near(Path())) as (found, apart, missing):
            if missing:
                click.echo(f"{folder}: {missing}")
            return _told(found, apart) and not missing
    near = config or settings_near(Path(folder))
    return _told(survey(Path(folder), near), near)


def _told(found: Survey, near: Config) -> bool:
    from flows.survey_text import next_steps, show

    show(found)
    for line in next_steps(found, near):
        click.echo(line)
    return bool(found.exports) and not any(seen.wrong for seen in found.files)


def _plugin_problems() -> bool:
    """Tell of packages whose formats cannot be used."""
    from transforms.sources import added

    for problem in added().problems:
        click.echo(f"tieline: {problem}", err=True)
    return bool(added().problems)


@tieline.command()
@with_settings
@click.option("--metric", default=None, help="Metric, or metric.measure; see `tieline metrics`.")
@click.option("--boundary", default=None, help="organisation, team, ...  [default: the first one]")
@click.option("--unit", default=None, help="Only rows with this unit on either side.")
@click.option(
    "--channel", default="(all)", show_default=True, help="meeting, message, work or (all)."
)
@click.option(
    "--grain",
    default="month",
    show_default=True,
    type=click.Choice(["day", "week", "month", "quarter"]),
)
@click.option("--since", default=None, type=Day(), help="First day, as 2026-01-31.")
@click.option(
    "--format", "form", default="table", show_default=True,
    type=click.Choice(["table", "csv", "json", "parquet"]),
)  # fmt: skip
@click.option("-o", "--output", default=None, type=click.Path(dir_okay=False, path_type=Path),
              help="File to write to  [default: the terminal]")  # fmt: skip
def trends(
    settings: Path, home: Path | None, form: str, output: Path | None, **filters: Any
) -> None:
    """Show published numbers and how they change.

    \b
    Examples:
      tieline trends
      tieline trends --metric flow.weight --unit "Gemeente Rijnoever" --grain quarter
      tieline trends --metric cross_boundary_share --since 2026-01-01 --format csv > share.csv
    """
    from flows.tables import write
    from flows.trends import read_trends

    write(read_trends(read_config(settings, home), **filters), form, output)


@tieline.command()
@with_settings
@click.option("--boundary", default=None, help="organisation, team, ...  [default: the first one]")
@click.option(
    "--grain", default="month", show_default=True, type=click.Choice(["month", "quarter"])
)
@click.option("--since", default=None, type=Day(), help="First day, as 2026-01-31.")
@click.option("--language", default="en", show_default=True, type=click.Choice(["en", "nl"]))
@click.option(
    "--format", "form", default="text", show_default=True,
    type=click.Choice(["text", "csv", "json", "parquet"]),
)  # fmt: skip
@click.option("-o", "--output", default=None, type=click.Path(dir_okay=False, path_type=Path),
              help="File to write to  [default: the terminal]")  # fmt: skip
def signals(
    settings: Path, home: Path | None, language: str, form: str, output: Path | None, **filters: Any
) -> None:
    """Tell what deserves attention: lines gone quiet, hanging on few, initiatives, missing sources.

    \b
    Examples:
      tieline signals --since 2026-01-01
      tieline signals --language nl --grain quarter --boundary team
    """
    from flows.signals import read_signals, told
    from flows.tables import write

    found = read_signals(read_config(settings, home), **filters)
    if form != "text":
        write(found, form, output)
        return
    for line in told(found, language):
        click.echo(line)
    if found.is_empty():
        click.echo("Nothing deserves attention in this choice.")


@tieline.command()
@with_settings
@click.option("--language", default="en", show_default=True, type=click.Choice(["en", "nl"]))
@click.option("-o", "--output", default=None, type=click.Path(dir_okay=False, path_type=Path),
              help="File to write to  [default: the one beside the published database]")  # fmt: skip
def report(settings: Path, home: Path | None, language: str, output: Path | None) -> None:
    """Say where the report for network managers is, or write it to a file.

    It is one HTML file that needs no network: open it in any browser, mail it, print it.

    \b
    Example:
      tieline report --language nl -o rapport.html
    """
    from flows.report import report as made

    click.echo(made(read_config(settings, home), language, output))


@tieline.command()
@click.option(
    "--folder", default="demo", show_default=True, type=click.Path(file_okay=False, path_type=Path)
)
def demo(folder: Path) -> None:
    """Make an invented network of eight organisations and run the whole night over it.

    \b
    Example:
      tieline demo --folder my-demo
    """
    from flows.starting import make_demo

    for line in make_demo(folder):
        click.echo(line)
    config = read_config(folder / SETTINGS, folder)
    code = finish(night(config))
    from flows.tables import demo_tour

    for line in demo_tour(config):
        click.echo(line)
    sys.exit(code)


@tieline.command()
@click.argument("name", required=False)
def sources(name: str | None) -> None:
    """List the export formats, or explain one: how to get it and what is read.

    \b
    Example:
      tieline sources mbox
    """
    from flows.tables import explain_source, show_sources
    from transforms.sources import added

    _plugin_problems()
    click.echo(explain_source(name) if name else show_sources())
    for form, package in added().packages.items():
        if name in {None, form}:
            click.echo(f"{form} comes from {package}, not from Tieline itself.")


@tieline.command()
@click.argument("name", required=False)
@with_settings
@click.option("--language", default="en", show_default=True, type=click.Choice(["en", "nl"]))
@click.option("--query", is_flag=True, help="Show the SQL or Python that computes it as well.")
@click.pass_context
def metrics(
    context: click.Context,
    settings: Path,
    home: Path | None,
    name: str | None,
    language: str,
    query: bool,
) -> None:
    """List the metrics, or explain one: meaning, formula, range and how to read it.

    Where there is a tieline.toml, with the parameters in use, your own metrics, and how many cells
    the current release shows.

    \b
    Examples:
      tieline metrics
      tieline metrics ei_index --language nl
    """
    from flows.metrics import explanation, listing

    given = context.get_parameter_source("settings") is not ParameterSource.DEFAULT
    config = read_config(settings, home) if given or settings.exists() else None
    shown = explanation(config, name, language, query=query) if name else listing(config, language)
    click.echo(shown)


@tieline.command()
@click.argument("metric")
@click.argument("unit")
@click.argument("period")
@with_settings
@click.option(
    "--other", default=None, metavar="UNIT", help="The other unit, where METRIC is of a line."
)
@click.option(
    "--channel", default="(all)", show_default=True, help="meeting, message, work or (all)."
)
@click.option("--boundary", default=None, help="organisation, team, ...  [default: that of UNIT]")
@click.option("--language", default="en", show_default=True, type=click.Choice(["en", "nl"]))
def explain(settings: Path, home: Path | None, **cell: Any) -> None:
    """Explain one published value: the counts that made it, its series, and who delivered.

    METRIC is a metric, or metric.measure; UNIT a unit, or "all" for the whole network. PERIOD is a
    day, week, month or quarter: 2026-03-01, 2026-W07, 2026-03 or 2026-Q1. Of a hidden value only
    the reason is told.

    \b
    Examples:
      tieline explain cross_boundary_share.share all 2026-Q1
      tieline explain flow.weight "Gemeente Rijnoever" 2026-03 --other "Welzijn Rijnoever"
    """
    from flows.explain import explained

    click.echo("\n".join(explained(read_config(settings, home), **cell)))


@tieline.command()
@with_settings
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for monitoring.")
@click.option(
    "--max-age", default=None, type=click.FloatRange(0, min_open=True), metavar="HOURS",
    help="How old the last good night may be  [default: by the rhythm of the nights before]",
)  # fmt: skip
def status(settings: Path, home: Path | None, max_age: float | None, *, as_json: bool) -> None:
    """Say whether last night worked, what is missing and what needs you.

    Ends with exit code 0 where all is well, with exit code 1 where the last night did not do its work
    (failed, killed, overdue, days left to compute), and with 3 where it did but something needs you: a
    refused file, a missing source, one that brought far less than usual, a stage that got slower.

    \b
    Examples:
      tieline status -s my-network/tieline.toml || mail -s "Tieline needs you" data@example.org
      tieline status --json --max-age 26
    """
    from flows.status import report
    from flows.status import status as look

    config = read_config(settings, home)
    if as_json:
        found = look(config, max_age)
        click.echo(msgspec.json.encode(found.facts()))
        sys.exit(found.code)
    lines, code = report(config, max_age)
    for line in lines:
        click.echo(line)
    sys.exit(code)


for command in (
    run,
    backfill,
    people,
    export,
    connect,
    quarantine,
    backup,
    restore,
    serve,
    notify,
    lake,
):
    tieline.add_command(command)
for command in (forget, key, audit):
    tieline.add_command(command)


def main() -> None:
    """Run the command; an error is one line, not a traceback. Raises Interrupted."""
    try:
        sys.exit(tieline(standalone_mode=False))
    except click.Abort as error:
        raise Interrupted from error
    except Exception as error:
        if came():
            raise
        _tell(error)


def _tell(error: Exception) -> NoReturn:
    if isinstance(error, click.ClickException):
        error.show()
        sys.exit(error.exit_code)
    if isinstance(error, ConfigError):
        _stop(error, USAGE)
    if isinstance(error, PermissionError):
        if os.environ.get("TIELINE_DEBUG"):
            raise error
        _stop(
            f"{error.filename}: not for this account ({error.strerror}); run it as the one that runs Tieline",
            FAILED,
        )
    if (code := _expected(error)) is not None:
        _stop(error, code)
    if os.environ.get("TIELINE_DEBUG"):
        raise error
    from flows.transient import is_full

    if is_full(error):
        _stop(f"{error}; make room there and do it again, nothing is lost", FAILED)
    _stop(f"{error} ({type(error).__name__}); TIELINE_DEBUG=1 shows where", FAILED)


def _expected(error: Exception) -> int | None:
    """Exit code of an error whose words say all; None for others. Imports what only a failure needs."""
    from flows.backup import BackupError
    from flows.trends import NothingToShowError
    from warehouse.cipher import EncryptionError
    from warehouse.connection import WarehouseBusyError
    from warehouse.layout import NewerDatabaseError, OlderDatabaseError
    from warehouse.snapshot import UnsteadyError

    failed = (
        BackupError, NothingToShowError, NewerDatabaseError, OlderDatabaseError, RemoteError,
        UnsteadyError,
    )  # fmt: skip
    codes = {EncryptionError: USAGE, WarehouseBusyError: BUSY, **dict.fromkeys(failed, FAILED)}
    return next((code for kind, code in codes.items() if isinstance(error, kind)), None)


def _stop(error: object, code: int) -> NoReturn:
    from flows.tables import harmless

    click.echo(f"tieline: {harmless(' '.join(str(error).split()))}", err=True)
    sys.exit(code)
