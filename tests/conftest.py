from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import Phase, settings

# Whole warehouses are slow to shrink: a failing example is shown as it was found. CI repeats the same
# examples, so that it judges the change and not its luck; everybody else's runs look for new ones.
settings.register_profile(
    "tieline",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
settings.load_profile("tieline")


LONG = frozenset((Path(__file__).parent / "long.txt").read_text(encoding="utf-8").splitlines())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that `make test-fast` leaves out."""
    for item in items:
        name = item.nodeid.partition("[")[0]
        if name in LONG or name.partition("::")[0] in LONG:
            item.add_marker("long")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real exports that stay outside the repository. In CI a missing folder is a failure."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("TIELINE_SHARED_DATA", beside))
    if not folder.is_dir():
        message = f"no real data at {folder}: set TIELINE_SHARED_DATA to its folder"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return folder
