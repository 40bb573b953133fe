"""From which base on a change is told as a share does not hang on the order in which the base was added up."""

from __future__ import annotations

from datetime import date

import pytest

from tests.network import PARAMETERS, all_models, build, empty_warehouse
from transforms.materialise import used


@pytest.mark.parametrize(
    ("base", "share"), [(10 - 1e-12, 0.2), (10.0, 0.2), (10 + 1e-12, 0.2), (9.99, None)]
)
def test_the_base_of_a_share(base: float, share: float | None) -> None:
    trend = next(model for model in all_models() if model.name == "trend")
    told = {
        **PARAMETERS,
        "data_first_day": date(2026, 1, 1),
        "data_last_day": date(2026, 2, 28),
        "first_period": date(2026, 1, 1),
    }
    with empty_warehouse() as con:
        build(con)
        for period, value in ((date(2026, 1, 1), base), (date(2026, 2, 1), base * 1.2)):
            con.execute(
                """INSERT INTO metric_value BY NAME SELECT 'flow' AS metric, 'weight' AS measure, 'month' AS grain,
                  ?::DATE AS period, '(all)' AS channel, 'organisation' AS boundary, 'A' AS unit, 'B' AS other_unit,
                  ?::DOUBLE AS value""",
                [period, value],
            )
        found = con.execute(
            f"SELECT change_share FROM ({trend.text}\n) ORDER BY period", used(trend, told)
        ).fetchall()
    assert found[0] == (None,)
    assert found[1][0] == (None if share is None else pytest.approx(share))
