"""Write the generated pages of docs/ from the code itself: `make docs`, or `python docs/generate.py`.

A page that differs from what `pages()` gives fails tests/docs/test_docs.py.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from inspect import cleandoc
from pathlib import Path
from typing import Any

import click
import msgspec
from click.testing import CliRunner
from msgspec.inspect import Field, StructType, type_info

from flows import cli, config
from transforms.catalogue import parameters_behind
from transforms.header import DIRECTIONS, GRAINS, LANGUAGES, QUESTIONS, TOLD_OF, UNITS, range_words
from transforms.model import Model, read_models
from transforms.runner import transform
from transforms.sources import BUILT_IN, directory, mapping
from transforms.sources.base import Source
from warehouse import identity, load, schema
from warehouse.connection import open_warehouse
from warehouse.serving import mart

HERE = Path(__file__).parent
MADE = "<!-- Made by docs/generate.py from the code; change that, then run: make docs -->"


def pages() -> dict[str, str]:
    """File name → text of every generated page."""
    return {
        "commands.md": commands(),
        "data-dictionary.md": data_dictionary(),
        "formats.md": formats(),
        "metrics.md": metrics("en"),
        "metrics.nl.md": metrics("nl"),
        "settings.md": settings(),
    }


# --- markdown ----------------------------------------------------------------------------------


def page(title: str, *blocks: str) -> str:
    return "\n\n".join([f"# {title}", MADE, *(block.strip("\n") for block in blocks)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table without the columns that are empty in every row."""
    told = [tuple(cell.replace("|", "\\|") for cell in row) for row in rows]
    kept = [n for n in range(len(head)) if any(row[n] for row in told)]
    lines = [
        [head[n] for n in kept],
        ["---"] * len(kept),
        *([row[n] for n in kept] for row in told),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def fence(text: str, language: str = "text") -> str:
    return f"```{language}\n{text.strip()}\n```"


def code(text: object) -> str:
    return f"`{text}`"


def plain(text: str) -> str:
    """Text in which nothing is taken for markup, but for `code`."""
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(p if p.startswith("`") else re.sub(r"([*<])", r"\\\1", p) for p in parts)


# --- commands ----------------------------------------------------------------------------------


def commands() -> str:
    every = dict(named_commands())
    codes = re.findall(r"^ +(\d+) +(.+)$", cli.EXIT_CODES, re.MULTILINE)
    variables = {
        parameter.envvar: f"The same as {code(parameter.opts[-1])}."
        for command in every.values()
        for parameter in command.params
        if isinstance(parameter.envvar, str)
    } | {"TIELINE_DEBUG": "Any value: an unexpected error shows its traceback."}
    return page(
        "Commands",
        "What `tieline COMMAND --help` says. What a setting means is in [settings](settings.md).",
        *(f"## {code(name)}\n\n{fence(help_of(name))}" for name in every),
        "## Exit codes",
        "For whoever schedules the command. `tieline check` and `tieline status` end with 1 where they find "
        "something that needs you.",
        table(("code", "meaning"), [*codes, ("130, 143", "interrupted, by Ctrl-C or SIGTERM; nothing is lost, run again")]),
        "## Environment variables",
        table(
            ("variable", "meaning"), ((code(n), words) for n, words in sorted(variables.items()))
        ),
    )


def named_commands(
    command: click.Command = cli.tieline, name: str = "tieline"
) -> Iterator[tuple[str, click.Command]]:
    """The command and all below it, each with its full name."""
    yield name, command
    if isinstance(command, click.Group):
        for below in sorted(command.commands):
            yield from named_commands(command.commands[below], f"{name} {below}")


def help_of(name: str) -> str:
    """What the command prints on a terminal of 100 columns."""
    words = [*name.split()[1:], "--help"]
    done = CliRunner().invoke(cli.tieline, words, prog_name="tieline", terminal_width=100)
    if done.exit_code:
        raise RuntimeError(f"{name} --help: ended with {done.exit_code}; mend the command")
    return "\n".join(line.rstrip() for line in done.output.splitlines())


# --- settings ----------------------------------------------------------------------------------

KINDS = {
    "StrType": "text", "IntType": "whole number", "FloatType": "number", "DateType": "date",
    "AnyType": "anything", "BoolType": "true or false", "NoneType": "nothing",
}  # fmt: skip
BOUNDS = {
    "ge": "at least {}", "gt": "more than {}", "le": "at most {}", "lt": "less than {}",
    "min_length": "at least {} long", "max_length": "at most {} long",
}  # fmt: skip


def settings() -> str:
    return page(
        "Settings",
        "Everything that can stand in `tieline.toml`. Leave out what you do not change. An unknown setting "
        "or a value outside its limits stops Tieline with one line that names it; nothing is guessed. "
        "`tieline init` makes a file to begin with.",
        "Paths are relative to the folder of `tieline.toml`, or to `TIELINE_HOME` (`--home`) when that is "
        "given. `~` and `$VARIABLES` in them are filled in.",
        *(section(field) for field in setting_tables()),
    )


def setting_tables() -> tuple[Field, ...]:
    whole = type_info(config.Settings)
    assert isinstance(whole, StructType)
    return whole.fields


def section(field: Field) -> str:
    """One table of tieline.toml."""
    info, head = field.type, f"[{field.encode_name}]"
    if isinstance(info, msgspec.inspect.ListType):
        info, head = info.item_type, f"[[{field.encode_name}]]"
    assert isinstance(info, StructType)
    words = meanings(info.cls)
    rows = [
        (code(f.encode_name), kind(f.type), default(f), limits(f.type), plain(words[f.name]))
        for f in info.fields
    ]
    rest = table(("setting", "type", "default", "limits", "meaning"), rows)
    named = [(f, f"{field.encode_name}.{f.encode_name}") for f in info.fields]
    below = [
        section(msgspec.inspect.Field(name=f.name, encode_name=name, type=f.type))
        for f, name in named
        if isinstance(f.type, msgspec.inspect.ListType) and isinstance(f.type.item_type, StructType)
    ] + [
        section(msgspec.inspect.Field(name=f.name, encode_name=name, type=part))
        for f, name in named
        for part in getattr(f.type, "types", ())
        if isinstance(part, StructType)
    ]
    return "\n\n".join([f"## {code(head)}\n\n{plain(words[''])}\n\n{rest}", *below])


def meanings(struct: type) -> dict[str, str]:
    """Setting → its words in the docstring's Attributes; under "" the docstring's own."""
    first, _, listed = cleandoc(struct.__doc__ or "").partition("\n\nAttributes:\n")
    told = re.findall(r"^    (\w+): (.+(?:\n        .+)*)", listed, re.MULTILINE)
    words = {name: " ".join(text.split()) for name, text in told}
    if missing := set(struct.__annotations__) ^ set(words):
        raise LookupError(
            f"flows/config.py: class {struct.__name__}: {', '.join(sorted(missing))}: "
            "describe each setting, and no other, under Attributes of the docstring"
        )
    return {"": first, **words}


def kind(info: msgspec.inspect.Type) -> str:
    if isinstance(info, msgspec.inspect.ListType):
        return f"list of {kind(info.item_type)}s"
    if isinstance(info, msgspec.inspect.DictType):
        return f"table of {kind(info.key_type)} = {kind(info.value_type)}"
    if isinstance(info, msgspec.inspect.LiteralType):
        return " or ".join(
            code(msgspec.json.encode(v).decode()) for v in sorted(info.values, key=str)
        )
    if isinstance(info, msgspec.inspect.UnionType):
        return " or ".join(map(kind, info.types))
    if isinstance(info, StructType):
        return "{ " + ", ".join(field.encode_name for field in info.fields) + " }"
    return KINDS[type(info).__name__]


def default(field: Field) -> str:
    if field.required:
        return "needed"
    value = field.default
    if value is msgspec.NODEFAULT:
        value = field.default_factory()
    return code(value if isinstance(value, date) else msgspec.json.encode(value).decode())


def limits(info: msgspec.inspect.Type) -> str:
    if isinstance(info, msgspec.inspect.ListType):
        inside = limits(info.item_type)
        return f"each {inside}" if inside else ""
    told = ((words, getattr(info, name, None)) for name, words in BOUNDS.items())
    return ", ".join(words.format(value) for words, value in told if value is not None)


# --- formats -----------------------------------------------------------------------------------

FILES = {  # what the files of a format are mostly called
    "icalendar": "*.ics", "mbox": "*.mbox*", "jira": "*.json", "git-log": "*.tsv*", "csv": "*.csv",
    "parquet": "*.parquet", "ndjson": "*.ndjson", "graph-events": "*.json", "google-events": "*.json",
    "outlook-csv": "*.csv", "teams-attendance": "*.json", "message-trace": "*.csv",
    "graph-messages": "*.json", "google-mail-log": "*.csv", "gmail-api": "*.json", "github": "*.json",
    "gitlab": "*.json", "trello": "*.json", "asana": "*.json", "azure-devops": "*.json",
    "slack": "*.zip", "teams-chat": "*.json", "jira-csv": "*.csv", "jira-parts": "*.json", "asana-csv": "*.csv",
    "azure-devops-csv": "*.csv", "linear-csv": "*.csv", "planner": "*.xlsx",
}  # fmt: skip
MAPPINGS = {
    "csv": 'time = "timestamp", person = "email", item = "ticket", action = "action"',
    "parquet": 'time = "sent_at", sender = "from", recipient = "to", channel = "=message"',
    "ndjson": 'time = "created", person = "user.email", role = "role", event = "id", channel = "=meeting"',
}
KEYS = {
    "time": "When it happened, or began.",
    "end": "When it ended.",
    "person": "Who took part: an address or a login. Needed in long form.",
    "sender": "Who sent or began it. Makes it edge form.",
    "recipient": "To whom. Needed in edge form.",
    "role": "Part taken: " + ", ".join(schema.ROLES) + ".",
    "action": "What happened: comment, edit, call, ...",
    "item": "Work item, series or room that the event belongs to.",
    "event": "Number of the event: rows with the same one are one event.",
    "channel": "meeting, message or work; mostly literal, as `=meeting`.",
    "form": "`long` (a row per person) or `edge` (a row per sender and recipient), where it cannot be told.",
    "separator": "Between the cells of a CSV, where it cannot be told: `;` or `tab`.",
    "time_format": "Form of the times where they are not ISO 8601 or seconds since 1970, as `%d-%m-%Y %H:%M`.",
    "time_zone": "Zone of times that tell none, where it is not that of the network.",
    "group": "`row`: rows with the same `event` are still events of their own.",
    "system": "Name of the tool, where numbers of several tools could meet.",
}


def formats() -> str:
    return page(
        "Export formats",
        "What Tieline reads. `tieline sources` lists the formats, and `tieline check` says of every file of "
        "yours what it is and what is wrong with it, before anything is loaded.",
        "Put the exports in folders as they come, one folder per partner, and tell Tieline of them in "
        "`tieline.toml`: a block `[[source]]` for every partner and tool. The example under each format is "
        "such a block; [settings](settings.md) explains every line of it. Files may be packed with "
        "gzip, and archives (.zip, .tar, .tar.gz, .tgz) are read as folders, without unpacking them. Give the same file twice, or exports that overlap: every event still counts once.",
        "Let a new export of a calendar take the place of the one before, under the same name: of a series that "
        "was moved or cut short in between, an older export beside it still shows the old days, and they count too.",
        "Subjects, texts, places and attachments are never read into the warehouse. A record that cannot be "
        "read is refused with its place and reason, and the rest of the file is read.",
        table(
            ("format", "what", "channel"),
            (
                (f"[{code(name)}](#{name})", plain(s.title), s.channel)
                for name, s in BUILT_IN.items()
            ),
        ),
        *(format_section(source) for source in BUILT_IN.values()),
        mapping_section(),
        directory_section(),
    )


def format_section(source: Source) -> str:
    files = FILES.get(source.name, "*")
    lines = [
        "[[source]]",
        f'name = "gemeente-{source.name}"',
        'partner = "Gemeente"',
        f'format = "{source.name}"',
        f'files = "incoming/gemeente/{files}"',
    ]
    if source.name in MAPPINGS:
        lines.append(f"mapping = {{ {MAPPINGS[source.name]} }}")
    channel, how, reads = source.channel, plain(source.how), plain("; ".join(source.reads))
    if source.name in MAPPINGS:
        channel += ", unless the mapping says otherwise"
        how = "From any tool; [the mapping](#mapping-a-table-of-events) says what its columns mean"
        reads = "the columns that the mapping names"
    return "\n\n".join(
        (
            f"## {code(source.name)}",
            f"{plain(source.title)}. Channel: {channel}.",
            f"**How to get it.** {how.rstrip('.')}.",
            fence("\n".join(lines), "toml"),
            f"**What is read, and nothing else:** {reads}.",
        )
    )


def mapping_section() -> str:
    rows = [(code(key), plain(KEYS[key])) for key in (*mapping.COLUMNS, *mapping.SETTINGS)]
    example = """
timestamp,email,ticket,action
2026-03-02T09:15:00,anna@gemeente.example,W-17,comment
2026-03-02T11:40:00,bram@welzijn.example,W-17,edit
"""
    return "\n\n".join(
        (
            "## Mapping a table of events",
            "For a tool without a format of its own. `mapping` says which column holds what. A value names a "
            "column (in ndjson `user.email` is field `email` of `user`); one that begins with `=` is meant as "
            "it stands. This file fits the block under [`csv`](#csv):",
            fence(example, "csv"),
            "It is in long form: a row per person who did something. Two people at work on one item on one day "
            "make a tie, so Anna and Bram have one here. With `sender` and `recipient` it is in edge form: a row "
            "per message and recipient.",
            table(("key", "meaning"), rows),
        )
    )


def directory_section() -> str:
    said = {
        "address": "Main mail address. Needed; where there are several columns, the others are aliases.",
        "aliases": "Other addresses, logins (github:name, jira:number) and names (name:Anna de Vries) of the "
        "same person, separated by a semicolon; by a space or a comma too, but for names.",
        "name": "Display name: who the person is in exports that know names alone. Kept only where one does.",
        "valid_from": "First day at this unit; empty is always. As 2026-03-31 or 31-03-2026.",
        "valid_to": "Last day, included unless `people.valid_to` says otherwise; empty is still there.",
        "as_of": "The day that the row tells of: it holds until the person's next row, and the first one "
        "from the day of joining.",
        "share": "Part of the person that belongs here: 0.5, 0,5 or 50%. Empty: equal parts.",
        "organisation": "The boundary organisation.",
        "team": "The boundary team.",
        "domain": "Mail domain, in a list of domains: with an organisation (empty: a neutral one) and dates.",
        "same_as": "In a list of merges: the person whose address the one under address or email is too.",
    }
    rows = [
        (code(key), said.get(key, f"The boundary {key}."), ", ".join(map(code, names)))
        for key, names in directory._HEADERS.items()  # noqa: SLF001
    ]
    example = """
email,aliases,organisation,team,valid_from,valid_to,share
anna@gemeente.example,a.jansen@gemeente.example,Gemeente,Jeugd,,,
bram@welzijn.example,,Welzijn,Wijkteam,2024-01-01,2026-06-30,
bram@welzijn.example,,Gemeente,Jeugd,2026-07-01,,0.5
bram@welzijn.example,,Welzijn,Wijkteam,2026-07-01,,0.5
"""
    over_time = """
[people.domains]
"bureau.example" = [{ unit = "Bureau", until = 2025-12-31 }, { unit = "Gemeente" }]

[people.units]
"Gemeente Noord" = [{ unit = "Gemeente Noord", until = 2025-12-31 }, { unit = "Gemeente Rijnoever" }]
"Welzijn BV" = "Welzijn"
"""
    declared = """
[people]
directories = ["directory/*.csv"]
boundaries = ["organisation", "team"]

[people.domains]
"politie.example" = "Politie"
"""
    return "\n\n".join(
        (
            "## Directory of people",
            "Who belongs where, and since when: a CSV, of which `tieline.toml` tells the files and the columns to "
            "measure across. Somebody who moves gets another row; somebody who works at two places gets a row for "
            "each. Names of people are not needed and not kept.",
            fence(example, "csv"),
            fence(declared, "toml"),
            "Every other column that `boundaries` names, sector or region for example, is read the same way. Who is "
            "in no directory belongs to the organisation of the address's domain, as `people.domains` tells, "
            "or else to `(unknown)`.",
            "These kinds are told apart by their content, whatever they are called, and may stand beside each "
            "other: tables like the one above; the users of Microsoft Entra (CSV of the admin center, JSON of "
            "Graph `/users`) and of Google Workspace (CSV of the admin console, JSON of the Directory API); the "
            "people of Viva Insights (`PersonId, EffectiveDate, Organization`, which is the team where teams are "
            "measured) and of Worklytics (`EMPLOYEE_EMAIL, DEPARTMENT, SNAPSHOT`); git's `.mailmap`; lists of "
            "domains; lists of merges.",
            "**Several directories.** They stand in the order of `people.directories`, those of one pattern in "
            "the order of their names. Where two tell something else of a person, a boundary and a day, the "
            "first one counts and the row of the other is refused: `tieline check` names it. Shares that add up "
            "to at most 1 are no contradiction: somebody who works half of the time here and there stands in "
            "both. An alias that two people claim belongs to neither. A file that cannot be read is as it was "
            "last, and so are the files of a pattern that finds none at all, as when a share is not mounted; the "
            "run names it and ends with exit code 3. Take a pattern that is done with out of `people.directories`.",
            "**Who is one person** is told, never guessed. `tieline people suggest -o directory/merges.csv` lists "
            "pairs that may be one, with the evidence; remove what is wrong and leave the rest. Merges count "
            "before all aliases. `tieline people unknown` lists the busiest addresses that nothing places.",
            "**Over time.** A domain that changes hands, and organisations that merge, as `tieline.toml` tells:",
            fence(over_time, "toml"),
            "Headers are matched without regard to case, spaces and signs, so `Valid from` is `validfrom`.",
            table(("column", "meaning", "headers known"), rows),
        )
    )


# --- metrics -----------------------------------------------------------------------------------

EVERYWHERE = {"cc_weight", "size_cap_meeting", "size_cap_message", "size_cap_work"}
WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "title": "Metrics",
        "other": "[Nederlands](metrics.nl.md)",
        "overview": ("question", "metrics"),
        "head": ("number", "what", "unit", "range", "direction"),
        "formula": "Formula",
        "example": "For example",
        "reading": "How to read it, and how not",
        "told": "Told per {grains}, of {told_of}.",
        "parameters": "Parameters, with their default values",
        "reference": "Reference",
        "and": "and",
    },
    "nl": {
        "title": "Indicatoren",
        "other": "[English](metrics.md)",
        "overview": ("vraag", "indicatoren"),
        "head": ("getal", "wat", "eenheid", "bereik", "richting"),
        "formula": "Formule",
        "example": "Bijvoorbeeld",
        "reading": "Hoe u het leest, en hoe niet",
        "told": "Per {grains}, voor {told_of}.",
        "parameters": "Parameters, met hun standaardwaarden",
        "reference": "Bron",
        "and": "en",
    },
}
INTRO = {
    "en": """
## How to read the numbers

Tieline measures lines, not people. A **tie** is two people who did something together; the **line**
between two units is all ties between their people. You choose what the units are: organisations, teams,
sectors. Nobody is ranked, and no number is published about one person.

- **Weight** says how much interaction there is. In a meeting of n people every pair gets 1/(n - 1), and
  so do those at work on one item on one day. A message counts 1, divided over its recipients. Hours are
  counted for meetings alone. Events of many people, above a size cap ({caps}), are counted but make no ties:
  a hall full of people is not a conversation. Who gets a copy counts for {cc}.
- **Channel** is meeting, message, work, or `(all)` for the three together.
- **Period** is a day, a week (Monday to Sunday), a month or a quarter, in the network's own time zone.
- **Unit** is that of the day itself: who moves takes no history along. People whom neither a directory nor
  a domain places are in `(unknown)`, and never in a real unit.
- **Empty** means that the number has no meaning there: a share of nothing is not 0. **Hidden** means that
  too few people stand behind it ({k} on each side, unless set otherwise), or that one person carries most.
- **Direction** tells what is mostly good for a network. It is no target: more meetings can also mean that
  nothing gets decided.
- **Chance** stands beside a number where size alone can make it high or low: what the same network would
  give if nothing but chance were at work. What counts is the distance from it.
- **Interval**: of few weeks, questions or people a part is uncertain. With 95 % certainty it lies between
  the two ends. Where two intervals overlap, do not speak of a difference.

Beside every number stand the value of the period before, the change, the median of five periods and how
far the number is from that median. Look at the median first; a single period says little. A period of which
an export is missing is marked, and compared with nothing.

What the numbers see is what passes through calendars, mail and tools. A talk in the corridor is not in them.
Use them to begin a conversation with the people of a line, who know what lies behind it, and not to judge.

```text
tieline metrics cross_boundary_share
tieline trends --metric cross_boundary_share.share --grain quarter
tieline explain cross_boundary_share.share all 2026-Q1
```

The first explains a metric, with the parameters that you use; the second shows its series; the third tells
of one value which counts made it and which sources delivered.
""",
    "nl": """
## Hoe u de getallen leest

Tieline meet lijnen, geen mensen. Een **verbinding** is er tussen twee mensen die samen iets deden; de
**lijn** tussen twee eenheden is het geheel van de verbindingen tussen hun mensen. Welke eenheden dat zijn,
kiest u zelf: organisaties, teams, sectoren. Niemand komt op een ranglijst, en geen enkel gepubliceerd getal
gaat over één persoon.

- **Gewicht** zegt hoeveel interactie er is. In een overleg van n mensen krijgt elk paar 1/(n - 1), en zo
  ook wie op één dag aan hetzelfde werk bezig zijn. Een bericht telt voor 1, verdeeld over de ontvangers.
  Uren tellen alleen voor overleg. Gebeurtenissen met veel mensen, boven een grens ({caps}), tellen wel mee
  maar geven geen verbindingen: een volle zaal is geen gesprek. Wie een kopie krijgt, telt voor {cc}.
- **Kanaal** (channel) is overleg (meeting), bericht (message), werk (work), of `(all)` voor alle drie samen.
- **Periode** is een dag, een week (maandag tot en met zondag), een maand of een kwartaal, in de tijdzone van
  het netwerk.
- **Eenheid** is die van de dag zelf: wie overstapt, neemt geen verleden mee. Mensen die geen personenlijst en
  geen domein kent, staan in `(unknown)`, en nooit in een echte eenheid.
- **Leeg** wil zeggen dat het getal daar geen betekenis heeft: een deel van niets is geen 0. **Verborgen**
  (hidden) wil zeggen dat er te weinig mensen achter staan ({k} aan elke kant, tenzij anders ingesteld), of dat
  één persoon het meeste draagt.
- **Richting** zegt wat voor een netwerk meestal gunstig is. Het is geen doel: meer overleg kan ook betekenen
  dat er niets besloten wordt.
- **Toeval** staat naast een getal waar alleen omvang het al hoog of laag kan maken: wat hetzelfde netwerk zou
  geven als er niets dan toeval speelde. Het gaat om de afstand daartoe.
- **Interval**: bij weinig weken, vragen of mensen is een deel onzeker. Met 95 % zekerheid ligt het tussen de
  twee uiteinden. Waar twee intervallen elkaar overlappen, spreekt u beter niet van een verschil.

Naast elk getal staan de waarde van de vorige periode, de verandering, de mediaan van vijf perioden en hoe ver
het getal daarvan af ligt. Kijk eerst naar de mediaan; één periode zegt weinig. Een periode waarvan een export
ontbreekt, is gemerkt en wordt nergens mee vergeleken.

De getallen zien wat via agenda's, mail en werkomgevingen gaat. Een gesprek op de gang zit er niet in. Gebruik
ze om het gesprek te openen met de mensen van een lijn, die weten wat erachter zit, en niet om te oordelen.

```text
tieline metrics cross_boundary_share --language nl
tieline trends --metric cross_boundary_share.share --grain quarter
tieline explain cross_boundary_share.share all 2026-Q1 --language nl
```

Het eerste legt een indicator uit, met de parameters die u gebruikt; het tweede toont de reeks; het derde zegt
van één waarde welke tellingen haar maakten en welke bronnen leverden.
""",
}


def metrics(language: str) -> str:
    """The page of one language, grouped by what a network manager asks."""
    models, words = read_models(), WORDS[language]
    groups: dict[str, list[Model]] = {question: [] for question in QUESTIONS}
    every = [(m, m.header) for m in models if m.header is not None]
    # From the whole network to its lines.
    for model, header in sorted(every, key=lambda e: ("network" not in e[1]["told_of"], e[0].name)):
        groups[header["question"]].append(model)
    asked = {question: QUESTIONS[question][LANGUAGES.index(language)] for question in QUESTIONS}
    rows = [
        (
            asked[question],
            ", ".join(linked(m.header[f"title_{language}"]) for m in group if m.header),
        )
        for question, group in groups.items()
    ]
    sections = [
        block
        for question, group in groups.items()
        for block in (
            f"## {asked[question]}",
            *(metric_section(m, parameters_behind(m, models), language) for m in group),
        )
    ]
    usual = config.ModelParameters()
    facts = {
        "k": config.Disclosure().k,
        "caps": usual.size_cap_meeting,
        "cc": decimal(usual.cc_weight, language),
    }
    intro = re.sub(r"\{(\w+)\}", lambda found: str(facts[found[1]]), INTRO[language])
    return page(words["title"], words["other"], intro, table(words["overview"], rows), *sections)


def linked(title: str) -> str:
    anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
    return f"[{plain(title)}](#{anchor})"


def decimal(number: float, language: str) -> str:
    return f"{number:g}" if language == "en" else f"{number:g}".replace(".", ",")


def metric_section(model: Model, parameters: Sequence[str], language: str) -> str:
    header, words, at = model.header, WORDS[language], LANGUAGES.index(language)
    assert header is not None
    shared = header.get(f"formula_{language}")
    rows, formulas = [], []
    for name, measure in header["measures"].items():
        title = plain(measure[f"title_{language}"])
        rows.append(
            (
                code(f"{model.name}.{name}"),
                title,
                UNITS[measure["unit"]][at],
                range_words(measure["range"], language),
                DIRECTIONS[measure.get("direction", header["direction"])][at],
            )
        )
        if formula := measure.get(f"formula_{language}"):
            formulas.append((title, plain(formula)))
    told = f" {plain(shared)}." if shared else ""
    listed = "".join(f"\n- {title}: {formula}." for title, formula in formulas)
    own = [name for name in parameters if name not in EVERYWHERE]
    usual = msgspec.structs.asdict(config.ModelParameters())
    values = ", ".join(code(f"{name} = {usual[name]:g}") for name in own)
    grains = joined([GRAINS[grain][at] for grain in header["grains"]], words["and"])
    places = joined([TOLD_OF[place][at] for place in header["told_of"]], words["and"])
    last = [
        words["told"].format(grains=grains, told_of=places),
        f"{words['parameters']} ([settings](settings.md#parameters)): {values}." if own else "",
        f"{words['reference']}: {plain(header['reference'])}.",
    ]
    return "\n\n".join(
        (
            f"### {plain(header[f'title_{language}'])}",
            plain(header[f"definition_{language}"]),
            table(words["head"], rows),
            f"**{words['formula']}.**{told}" + (f"\n{listed}" if listed else ""),
            f"**{words['example']}.** {plain(header[f'example_{language}'])}",
            f"**{words['reading']}.** {plain(header[f'reading_{language}'])}",
            " ".join(filter(None, last)),
        )
    )


def joined(parts: Sequence[str], last: str) -> str:
    """a, b and c."""
    return f" {last} ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


# --- data dictionary ---------------------------------------------------------------------------


def data_dictionary() -> str:
    models, types = built()
    warehouse = [t for t in schema.WAREHOUSE if t.name not in {m.name for m in models}]
    staged = ", ".join(f"[{code(t.name)}](#{t.name})" for t in schema.STAGED)
    return page(
        "Data dictionary",
        "Every table, with every column. All times are UTC; all days and periods are in the network's time "
        "zone. A week is named by its Monday.",
        "## What readers see: schema `mart`",
        "In `published/current/bi.duckdb`. Nothing in it is about one person. Open it read-only, and again "
        "for every look: each night brings a new file.",
        *(relation(f"mart.{item.name}", item.description, item.columns) for item in mart.TABLES),
        *(relation(f"mart.{v.name}", f"{v.description} A view.", v.columns) for v in mart.VIEWS),
        "## What stays inside: the private warehouse",
        "In `warehouse/tieline.duckdb`, for those who run Tieline. People are keyed hashes here. A row that "
        "breaks a rule goes to [`quarantine`](#quarantine).",
        *(relation(t.name, t.description, t.columns) for t in warehouse),
        "## What models compute",
        "Also in the private warehouse: one file under `transforms/models` or `transforms/trends` for each, "
        "in the order in which they are computed. Metrics go to [`metric_value`](#metric_value); "
        "[metrics](metrics.md) tells what they mean.",
        *(model_section(m, types[m.name]) for m in models),
        "## Staging",
        f"Schema `stage` holds what one batch brings while it is checked, with the columns of {staged}. "
        "It is empty between runs.",
        relation(
            schema.SOURCE_NIGHT.name, schema.SOURCE_NIGHT.description, schema.SOURCE_NIGHT.columns
        ),
        "## Who is behind a pseudonym",
        "In `warehouse/identity/identity.duckdb`, a file of its own that nothing downstream reads.",
        *(
            relation(t.name, t.description, t.columns)
            for t in identity.TABLES
            if t is not schema.LAYOUT
        ),
    )


def relation(name: str, description: str, columns: Iterable[schema.Column]) -> str:
    rows = [
        (
            code(c.name),
            c.type,
            "yes" if c.nullable else "",
            plain(c.description),
            plain(c.words or ""),
        )
        for c in columns
    ]
    head = ("column", "type", "may be empty", "meaning", "refused when")
    return f"### {code(name)}\n\n{plain(description)}\n\n{table(head, rows)}"


def model_section(model: Model, columns: Sequence[tuple[str, str]]) -> str:
    reads = ", ".join(f"[{code(name)}](#{name})" for name in model.reads)
    per = "day" if model.grain == "day" else "period"
    back = {0: "", "all": ", looking back over all before it"}.get(
        model.lookback, f", looking back over {model.lookback} before it"
    )
    back += f" and over {model.lookahead} after it" if model.lookahead else ""
    rows = [(code(name), kind, plain(model.comments[name])) for name, kind in columns]
    return (
        f"### {code(model.name)}\n\n{plain(model.comments[''])} Computed per {per}{back}. Reads {reads}.\n\n"
        + table(("column", "type", "meaning"), rows)
    )


def built() -> tuple[list[Model], Mapping[str, list[tuple[str, str]]]]:
    """Models that have a table of their own, and the columns (name, type) of each.

    Types are those of a real, empty warehouse: nobody writes them down.
    """
    models = read_models()
    parameters = msgspec.structs.asdict(config.ModelParameters())
    with (
        tempfile.TemporaryDirectory() as folder,
        open_warehouse(Path(folder) / "tieline.duckdb") as con,
    ):
        load.create(con)
        transform(con, models, parameters, today=date(2000, 1, 1))
        found = con.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns()"
            " WHERE schema_name = 'main' ORDER BY table_name, column_index"
        ).fetchall()
    types: dict[str, list[tuple[str, str]]] = {}
    for name, column, kind_ in found:
        types.setdefault(name, []).append((column, kind_))
    return [m for m in models if m.header is None], types


def main() -> None:
    for name, text in pages().items():
        (HERE / name).write_text(text, encoding="utf-8")
        print(f"docs/{name}")


if __name__ == "__main__":
    main()
