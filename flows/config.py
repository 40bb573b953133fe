"""`tieline.toml` and the environment become one frozen Config, passed down as an argument."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct, field

from flows.config_expect import Expect
from flows.config_remote import Remote
from flows.config_scale import EventLake, Run, Spark
from flows.incoming import is_closed, is_file, is_on_its_way, is_passed_over
from flows.remote import address_of, copy_of, is_remote

SETTINGS = "tieline.toml"
HOME_VARIABLE = "TIELINE_HOME"

Share = Annotated[float, Meta(gt=0, le=1)]
NotNegative = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=1)]
Text = Annotated[str, Meta(min_length=1)]
Name = Annotated[str, Meta(min_length=1, max_length=120)]
SqlName = Annotated[str, Meta(pattern=r"^[a-z_][a-z0-9_]*$", max_length=60)]


class ConfigError(Exception):
    """Settings that cannot be used; one line with file, place, cause and cure."""


class Network(Struct, frozen=True, forbid_unknown_fields=True):
    """What the network is called and how it keeps time.

    Attributes:
        name: Name of the network, as readers see it.
        time_zone: Time zone of days and periods, and of times that name none.
        country: Country whose public holidays the published calendar shows, by its code of two
            letters; "" for none. School vacations are known for NL.
    """

    name: Name = "My network"
    time_zone: str = "Europe/Amsterdam"
    country: str = "NL"


class Folders(Struct, frozen=True, forbid_unknown_fields=True):
    """Where things are kept, relative to the settings file or to $TIELINE_HOME.

    Attributes:
        warehouse: The private database, the identity database and the state of Prefect; for
            those who run Tieline only.
        published: The releases that readers connect to.
        docs: The Data Docs: what was checked in each run, and what came of it.
        key: File with the key of the pseudonyms. Keep a safe copy elsewhere.
        metrics: Metrics of your own, one file each; see docs/adding.md.
        allow_python_metrics: Whether those may be Python too. It runs as code that sees the whole
            warehouse; without it they are SQL that reads models alone.
    """

    warehouse: str = "warehouse"
    published: str = "published"
    docs: str = "data-docs"
    key: str = "secret/tieline.key"
    metrics: str = "metrics"
    allow_python_metrics: bool = False


class Links(Struct, frozen=True, forbid_unknown_fields=True):
    """Where readers of Prefect's pages find things, if a web server shows them; else files are named.

    Attributes:
        docs: Address of the Data Docs.
        published: Address of the folder `published/current`, with the report in it.
    """

    docs: str = ""
    published: str = ""


class Window(Struct, frozen=True, forbid_unknown_fields=True):
    """Days outside which nothing is read.

    Attributes:
        since: First day that is read.
        until: First day that is not read any more. A series of meetings is followed to the end of next
            year at most, as many have no end.
    """

    since: date = date(1990, 1, 1)
    until: date = date(2100, 1, 1)


class Dated(Struct, frozen=True, forbid_unknown_fields=True):
    """What a domain or a unit is for some time; rows in order of time, each from where the one before ends.

    Attributes:
        unit: Name of the unit; "" for none.
        until: Last day, included; without it, for good.
        boundary: organisation, team, ...; "" is organisation for a domain, every boundary for a unit.
    """

    unit: str
    until: date | None = None
    boundary: str = ""


class People(Struct, frozen=True, forbid_unknown_fields=True):
    """Who belongs where: directories first, then domains; neutral domains say nothing.

    Attributes:
        directories: Files of who belongs where and since when, of who is who, and of domains; * and **
            stand for any name, and a file may be elsewhere, see [remote]. Where two tell something else
            of a day, the first one counts.
        boundaries: Columns of the directory to measure across; `tieline trends` shows the first.
        valid_to: Whether the last day that directories write is included, or excluded: the day of
            the move.
        domains: Mail domain = organisation, its subdomains included, for people whom no
            directory knows. One that changes hands: [{unit = "A", until = 2025-12-31}, {unit = "B"}].
        units: Spelling of a unit = the spelling to use, in every boundary. With rows as for domains
            for a unit that merges or gets another name on a day.
        neutral_domains: Mail domains that everybody uses, which say nothing about an
            organisation.
        nobody: Addresses that are no person, beside no-reply@ and the like; * stands for anything.
        excluded: Files with people who opted out, an address or its keyed hash (`tieline people
            hash`) a line. They are left out before anything is computed.
        consent: Files with the only people who are counted, written likewise, by the main address
            that directories have of them; without any file, everybody is.
        encrypt: Whether the identity database is encrypted, with a secret made from the key. Needs
            DuckDB's extension httpfs; see docs/privacy.md.
    """

    directories: list[Text] = field(default_factory=list)
    boundaries: list[Name] = field(default_factory=lambda: ["organisation"])
    valid_to: Literal["included", "excluded"] = "included"
    domains: dict[str, str | list[Dated]] = field(default_factory=dict)
    units: dict[str, str | list[Dated]] = field(default_factory=dict)
    neutral_domains: list[str] = field(default_factory=list)
    nobody: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    consent: list[str] = field(default_factory=list)
    encrypt: bool = False


class SourceFiles(Struct, frozen=True, forbid_unknown_fields=True):
    """Export files of one tool of one partner.

    Attributes:
        name: Your own name for the source; no two are the same. With another name, over the same files, it
            is the same source.
        format: Export format; `tieline sources` lists them.
        files: The export files, or an address of them (`s3://bucket/gemeente/*.ics`, see [remote]); * and
            ** stand for any name.
        partner: Organisation that delivers the export; when empty, the name of the source.
        mapping: Which column means what, for tables of events; `system`, for tables of work items, names the site.
        until: Last day that it delivers for, when it has ended or another took its place. Nothing is expected of it
            after that; what it delivered stays.
        expect: What you expect of it, each under [[source.expect]].
    """

    name: Name
    format: str
    files: Text
    partner: str = ""
    mapping: dict[str, str] = field(default_factory=dict)
    until: date | None = None
    expect: list[Expect] = field(default_factory=list)

    @property
    def deliverer(self) -> str:
        """The partner; where none is named, the source is one of its own."""
        return self.partner or self.name


class ModelParameters(Struct, frozen=True, forbid_unknown_fields=True):
    """The numbers that models and metrics use; published beside them.

    Attributes:
        size_cap_meeting: A meeting of more people makes no ties; it counts as volume only.
        size_cap_message: The same for a message, its sender included.
        size_cap_work: The same for the people at work on one item on one day.
        cc_weight: What a recipient in cc counts beside one in to, who counts 1.
        resumed_within: A tie that was last active at most so many periods ago is resumed, after
            longer reactivated.
        convening_people: Fewest people whom an event must bring together to count as convening.
        spanner_ties: Fewest ties outside one's own unit that make a boundary spanner.
        connector_share: Top share of the people whose leaving connector dependence tries.
        initiator_acts: Fewest initiating acts of which the effective number of initiators is told.
        participation_containers: Fewest shared series and work items over which the participation
            balance is told.
        answer_days: Days within which a message must be answered to count as answered.
        introduction_days: Two people are strangers again when they shared no event for so many days.
        introduction_history: Days of data before an event that it takes to call it an introduction,
            introduction_days at most; with fewer more of them are found, some of old acquaintances.
        conversion_days: An introduction took root when the two met by themselves within so many days.
        half_life_months: Months back from the end of a period over which the half-life of ties is
            taken.
        change_base: Smallest previous value of which a change is told as a share.
        source_floor: A source that delivers less than this part of what it usually does is missing.
        source_least: Events that a source usually delivers in a period before its silence is noticed.
        quiet_days: A line without interaction for so many days is quiet, if its rhythm does not
            explain that.
        lost_days: A line without interaction for so many days is lost.
        growing: A line whose last three periods are so many times the six before is growing.
        weakening: The same, for weakening.
        line_z: Fewest standard deviations beyond chance for either.
        signal_stake: A signal about a line is worth telling from this part of all interaction between
            units on.
        signal_dependence: A line hangs on one person who takes part in this part of it.
        signal_connector: A unit hangs on one person who takes part in this part of its outward
            interaction.
        signal_change: Smallest fall of the number of initiators that is told, as a part of it.
        signal_introductions: Fewest introductions that took root in a period that are told.
        direction_p: Smallest p-value above which a series is called steady.
        complete_enough: A period of which less than this part could be seen is left out of trends.
        own: Numbers of your own metrics: `[parameters.own]` with name = number, `$name` in the SQL.
    """

    size_cap_meeting: Count = 8
    size_cap_message: Count = 8
    size_cap_work: Count = 8
    cc_weight: Share = 0.5
    resumed_within: Count = 3
    convening_people: Count = 3
    spanner_ties: Count = 2
    connector_share: Share = 0.05
    initiator_acts: Count = 10
    participation_containers: Count = 3
    answer_days: Count = 7
    introduction_days: Count = 180
    introduction_history: Count = 180
    conversion_days: Count = 30
    half_life_months: Count = 12
    change_base: NotNegative = 10.0
    source_floor: Share = 0.4
    source_least: Count = 20
    quiet_days: Count = 42
    lost_days: Count = 180
    growing: Annotated[float, Meta(gt=1)] = 1.5
    weakening: Share = 0.5
    line_z: NotNegative = 2.0
    signal_stake: Share = 0.01
    signal_dependence: Share = 0.5
    signal_connector: Share = 0.3
    signal_change: Share = 0.25
    signal_introductions: Count = 3
    direction_p: Share = 0.05
    complete_enough: Share = 0.9
    own: dict[Name, float] = field(default_factory=dict)


class Disclosure(Struct, frozen=True, forbid_unknown_fields=True):
    """What may leave: at least k people on each side, none of whom carries more than `dominance`.

    Attributes:
        k: Fewest people on each side of a number that is shown.
        dominance: Largest part of a shown number that one person may carry.
        audit: Also round weights and hours, and hide what hidden ones could be computed from.
        protection: With audit: least width, as a part of a hidden number, of what can be worked out of it from all
            that is shown.
        rounding: With audit: largest step to which weights and hours are rounded, as a part of them. With 0 they
            are not, and much more must be hidden.
        merge_singles: Whether units that never had two people at a time become part of one, (other). What they
            have with each other still counts as running between units.
    """

    k: Annotated[int, Meta(ge=3)] = 5
    dominance: Share = 0.75
    audit: bool = True
    protection: Share = 0.1
    rounding: Annotated[float, Meta(ge=0, le=0.1)] = 0.05
    merge_singles: bool = True


class Quality(Struct, frozen=True, forbid_unknown_fields=True):
    """When a file is refused whole, and how long the pages on quality stay.

    Attributes:
        max_rejected: Largest part of a file's records, or of its events, that may be refused.
            Below 20 of them no part is taken.
        docs_runs: Runs of which the Data Docs stay.
    """

    max_rejected: Share = 0.5
    docs_runs: Count = 30


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    """How long events, and all that tells of people, are kept.

    Attributes:
        months: Whole months that events are kept; 0: for good. Numbers per unit and line stay, and are
            closed a year or so after they were told. Gone is gone: more months bring nothing back.
    """

    months: Annotated[int, Meta(ge=0)] = 0


class Postgres(Struct, frozen=True, forbid_unknown_fields=True):
    """A PostgreSQL schema that gets a copy of every release, in one transaction.

    Attributes:
        variable: Environment variable with the connection string, which stands in no file:
            postgresql://user:password@host/database.
        schema: Schema for the copy; Tieline makes it, and it is Tieline's alone.
        reader: Role that may read it; made if it is not there. Make each reader a member.
    """

    variable: Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = "TIELINE_POSTGRES"
    schema: SqlName = "mart"
    reader: SqlName = "tieline_reader"


class Publish(Struct, frozen=True, forbid_unknown_fields=True):
    """Where else releases go.

    Attributes:
        postgres: A PostgreSQL schema, where the table [publish.postgres] is there, if only its head.
            Needs the extra postgres.
    """

    postgres: Postgres | None = None


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """The shape of `tieline.toml`."""

    network: Network = field(default_factory=Network)
    folders: Folders = field(default_factory=Folders)
    links: Links = field(default_factory=Links)
    window: Window = field(default_factory=Window)
    people: People = field(default_factory=People)
    source: list[SourceFiles] = field(default_factory=list)
    parameters: ModelParameters = field(default_factory=ModelParameters)
    disclosure: Disclosure = field(default_factory=Disclosure)
    quality: Quality = field(default_factory=Quality)
    retention: Retention = field(default_factory=Retention)
    publish: Publish = field(default_factory=Publish)
    remote: Remote = field(default_factory=Remote)
    run: Run = field(default_factory=Run)
    lake: EventLake = field(default_factory=EventLake)
    spark: Spark = field(default_factory=Spark)


class Config(Struct, frozen=True):
    """Settings, and the folder that their relative paths start from."""

    path: Path
    home: Path
    settings: Settings

    @property
    def source_ends(self) -> dict[str, date]:
        """Source that has an end → the last day that it delivers for."""
        return {one.name: one.until for one in self.settings.source if one.until}

    @property
    def partners(self) -> dict[str, str]:
        """Source → the partner that delivers it."""
        return {one.name: one.deliverer for one in self.settings.source}

    def delivering(self, day: date) -> list[SourceFiles]:
        """The sources of which something is expected on `day`."""
        return [one for one in self.settings.source if one.until is None or day <= one.until]

    @property
    def time_zone(self) -> ZoneInfo:
        """The network's own time zone."""
        return ZoneInfo(self.settings.network.time_zone)

    @property
    def warehouse(self) -> Path:
        """The private database."""
        return self.place(self.settings.folders.warehouse) / "tieline.duckdb"

    @property
    def identity(self) -> Path:
        """The database that maps pseudonyms to addresses."""
        return self.place(self.settings.folders.warehouse) / "identity" / "identity.duckdb"

    @property
    def state(self) -> Path:
        """Where Prefect keeps its own database."""
        return self.place(self.settings.folders.warehouse) / "prefect"

    @property
    def published(self) -> Path:
        """Folder of the releases."""
        return self.place(self.settings.folders.published)

    @property
    def current(self) -> Path:
        """The published database that readers connect to."""
        return self.published / "current" / "bi.duckdb"

    @property
    def docs(self) -> Path:
        """Folder of the Data Docs."""
        return self.place(self.settings.folders.docs)

    @property
    def key_file(self) -> Path:
        """The key of the pseudonyms."""
        return self.place(self.settings.folders.key)

    @property
    def audit(self) -> Path:
        """The log of what was done to people's data."""
        return self.place(self.settings.folders.warehouse) / "audit.jsonl"

    @property
    def metrics(self) -> Path:
        """Folder of the users' own metrics."""
        return self.place(self.settings.folders.metrics)

    @property
    def domains(self) -> dict[str, str | list[Dated]]:
        """Domain → what it stands for, "" for neutral ones."""
        listed = {name.lower(): told for name, told in self.settings.people.domains.items()}
        return listed | {name.lower(): "" for name in self.settings.people.neutral_domains}

    @property
    def copies(self) -> Path:
        """Where copies of files elsewhere are; for those who run Tieline only."""
        return self.warehouse.parent / "remote"

    @property
    def remote(self) -> list[str]:
        """Addresses of sources and directories that are elsewhere, each once."""
        named = [*self.settings.people.directories, *(s.files for s in self.settings.source)]
        return [one for one in dict.fromkeys(named) if is_remote(os.path.expandvars(one))]

    def place(self, path: str) -> Path:
        """`path` with variables and ~ filled in, from the home folder when relative; of an address, its copy."""
        filled = os.path.expandvars(path)
        return (
            self.copies / copy_of(filled)
            if is_remote(filled)
            else self.home / Path(filled).expanduser()
        )

    def files(self, pattern: str) -> list[Path]:
        """Files that match a glob, sorted; ** goes through folders.

        Hidden ones, and those that their names tell to be on their way, are left out.
        """
        root, rest = self._split(pattern)
        found = root.glob(rest) if rest else [root]
        return sorted(p for p in found if not is_on_its_way(p.name) and is_file(p))

    def closed(self, pattern: str) -> list[Path]:
        """Folders in which a glob looks for files, and cannot: it passes over them without a word."""
        root, rest = self._split(pattern)
        within = str(Path(rest).parent)
        there = [self.root(pattern)] if within == "." else root.glob(within)
        closed = {p for p in there if is_closed(p) and not is_passed_over(p.name)}
        return sorted(p for p in closed if p.parent not in closed)

    def root(self, pattern: str) -> Path:
        """The folder that no file of a glob lies outside of."""
        root, rest = self._split(pattern)
        return root if rest else root.parent

    def _split(self, pattern: str) -> tuple[Path, str]:
        """A glob as the folder without * that it begins with, and the rest; of a mere path, no rest."""
        whole = self.place(pattern)
        fixed = list(whole.parts[1:])
        cut = next((n for n, part in enumerate(fixed) if set(part) & set("*?[")), len(fixed))
        return Path(whole.anchor, *fixed[:cut]), "" if cut == len(fixed) else str(
            Path(*fixed[cut:])
        )

    def relative(self, path: Path) -> str:
        """`path` as seen from the home folder, for ledgers and messages; of a copy, the address."""
        if path.is_relative_to(self.copies):
            return address_of(path.relative_to(self.copies))
        shown = os.path.relpath(path, self.home) if path.is_relative_to(self.home) else str(path)
        # No table holds a name that is not UTF-8.
        return os.fsencode(shown).decode(errors="backslashreplace")

    def today(self) -> date:
        """The current day of the network."""
        return datetime.now(UTC).astimezone(self.time_zone).date()

    @property
    def horizon(self) -> date:
        """First day to which series of meetings are not followed: the one after next year.

        Within what quality lets through, and another but once a year: files are read anew then.
        """
        return date(self.today().year + 2, 1, 1)

    def reading(self, source: SourceFiles, horizon: date | None = None) -> str:
        """Hash of everything that changes what is read from a file, but the file itself."""
        facts = msgspec.json.encode(
            [source.format, source.mapping, source.partner, self.settings.window, horizon,
             self.settings.network.time_zone, sorted(self.settings.people.nobody)],
            order="deterministic",
        )  # fmt: skip
        return blake2b(facts, digest_size=8).hexdigest()
