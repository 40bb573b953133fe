/*
title_en = "Much hangs on one connector"
title_nl = "Veel hangt aan één verbinder"
sentence_en = "{unit}: one person takes part in {percent} % of its interaction with other units in {name}, {times} times as much as an equal share."
sentence_nl = "{unit}: één persoon neemt deel aan {percent} % van de interactie met andere eenheden in {name}, {times} keer zoveel als een gelijk deel."
*/
with told as (
  select cell.*, calendar.name, trend.previous, trend.rolling_median, trend.robust_z, trend.completeness,
    row_number() over one as place, lag(cell.value) over one as last_value
  from metric_value as cell
  join trend using (metric, measure, grain, period, channel, boundary, unit, other_unit)
  join calendar on calendar.grain = cell.grain and calendar.period = cell.period
  where cell.metric = 'connector_dependence' and cell.measure = 'loss_1' and cell.channel = '(all)'
    and cell.grain in ('month', 'quarter') and cell.hidden_reason is null and trend.completeness >= $complete_enough
  window one as (
    partition by cell.grain, cell.boundary, cell.unit, cell.other_unit order by cell.period)
), lasting as (
  select *,
    -- Told once, when it has lasted.
    value >= $signal_connector and last_value >= $signal_connector as lasts
  from told
), once as (
  select *, bool_or(lasts) over (
    partition by grain, boundary, unit, other_unit order by period rows between 6 preceding and 1 preceding) as was_told
  from lasting
)
select grain, period, channel, boundary, unit, other_unit,
  numerator / nullif(max(denominator) over (partition by grain, period, boundary), 0) as score, value,
  last_value as before, name, cast(round(100 * value) as bigint) as percent, cast(round(value / nullif(expected, 0)) as bigint) as times
from once
where unit <> '(all)' and value >= 4 * expected
  and lasts and not coalesce(was_told, false)
