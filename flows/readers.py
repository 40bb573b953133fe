"""Files read side by side: in threads or processes here, or on a cluster, by Prefect's task runners.

Only reading happens there: a file becomes rows without names. The run takes them over in the order of
the files, so that the result is the same whatever the runner. A task is told where settings and files
are, never the key: each worker reads it where the settings say.
"""

from __future__ import annotations

import shutil
from collections import deque
from contextlib import contextmanager
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.settings import PREFECT_API_URL
from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner

from flows.config import ConfigError
from flows.config_read import read_config
from flows.key import read_key
from flows.plan import ExportFile
from flows.spool import Spooled, spool
from flows.transient import retried
from transforms.people import EVERYBODY, Counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flows.config import Config

GROUP_BYTES = 32_000_000  # a task costs a tenth of a second: small files go together
GROUP_FILES = 200
AHEAD = 2  # groups that may wait, read, per worker: bounds the disk that they take
LONGEST = 6 * 3600  # seconds


@task(task_run_name="read {label}", timeout_seconds=LONGEST, cache_policy=NO_CACHE, **retried())
def read_group(
    label: str,  # noqa: ARG001 (the name of the task shows it)
    settings: str,
    home: str,
    folder: str,
    files: list[ExportFile],
    counted: Counted,
    since: date | None,
) -> list[Spooled]:
    """Read files into `folder`, wherever this runs."""
    config = read_config(Path(settings), Path(home))
    key = read_key(config)
    return [spool(config, file, key, Path(folder), counted, since) for file in files]


def side_by_side(
    config: Config,
    files: Sequence[ExportFile],
    counted: Counted = EVERYBODY,
    since: date | None = None,
) -> Iterator[Spooled | None]:
    """For each file, in order, what was read of it elsewhere; None where the run reads it itself.

    What one step gives is thrown away at the next. Raises ConfigError where the runner cannot be had.
    """
    if config.settings.run.readers == "here" or not files:
        yield from (None for _ in files)
        return
    with _folder(config) as folder, runner_of(config) as runner:

        def begin(group: list[ExportFile]) -> Any:  # noqa: ANN401
            label = group[0].shown + (f" and {len(group) - 1} more" if group[1:] else "")
            arguments = {
                "label": label, "settings": str(config.path), "home": str(config.home),
                "folder": str(folder), "files": group, "counted": counted, "since": since,
            }  # fmt: skip
            return runner.submit(read_group, parameters=arguments)

        groups = iter(grouped(files))
        waiting = deque(
            begin(group) for group in islice(groups, AHEAD * config.settings.run.workers)
        )
        while waiting:
            for spooled in waiting.popleft().result():
                yield spooled
                spooled.remove()
            waiting.extend(begin(group) for group in islice(groups, 1))


def grouped(files: Sequence[ExportFile]) -> Iterator[list[ExportFile]]:
    """Neighbouring files that make one task."""
    group: list[ExportFile] = []
    for file in files:
        if group and (
            len(group) == GROUP_FILES or sum(one.size for one in group) + file.size > GROUP_BYTES
        ):
            yield group
            group = []
        group.append(file)
    if group:
        yield group


def runner_of(config: Config) -> TaskRunner[Any]:
    """The task runner that the settings name. Raises ConfigError where something is missing."""
    asked = config.settings.run
    if asked.readers == "threads":
        return ThreadPoolTaskRunner(max_workers=asked.workers)
    if not PREFECT_API_URL.value():
        raise ConfigError(
            f"{config.path}: run.readers: {asked.readers} need a Prefect server: "
            "`prefect server start`, and its address in PREFECT_API_URL; or use threads"
        )
    if asked.readers == "processes":
        return ProcessPoolTaskRunner(max_workers=asked.workers)
    try:
        return _dask(config) if asked.readers == "dask" else _ray(config)
    except ImportError as error:
        raise ConfigError(
            f"{config.path}: run.readers: {asked.readers} is not there; pip install 'tieline[{asked.readers}]'"
        ) from error


def _dask(config: Config) -> TaskRunner[Any]:
    from prefect_dask.task_runners import DaskTaskRunner

    asked = config.settings.run
    if asked.cluster:
        there: TaskRunner[Any] = DaskTaskRunner(address=asked.cluster)
        return there
    here = {"n_workers": asked.workers, "threads_per_worker": 1, "dashboard_address": None}
    own: TaskRunner[Any] = DaskTaskRunner(cluster_kwargs=here)
    return own


def _ray(config: Config) -> TaskRunner[Any]:
    from prefect_ray import RayTaskRunner

    asked = config.settings.run
    where = {"address": asked.cluster} if asked.cluster else {}
    made: TaskRunner[Any] = RayTaskRunner(
        **where, init_kwargs={} if where else {"num_cpus": asked.workers}
    )
    return made


@contextmanager
def _folder(config: Config) -> Iterator[Path]:
    """Where workers put what they read: beside the warehouse, for its owner, empty before and after."""
    folder = config.warehouse.parent / "reading"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
