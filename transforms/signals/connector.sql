/*
title_en = "Much hangs on one connector"
title_nl = "Veel hangt aan één verbinder"
sentence_en = "{unit}: one person takes part in {percent} % of its interaction with other units in {name}, {times} times as much as an equal share."
sentence_nl = "{unit}: één persoon neemt deel aan {percent} % van de interactie met andere eenheden in {name}, {times} keer zoveel als een gelijk deel."
*/
with told as (
  select cell.*, calendar.name, trend.previous, trend.rolling_median, trend.robust_z, trend.completeness,
    row_number() over one as place, lag(cell.value) over one as last_value,
    lag(cell.period) over one as last_period
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
    value >= $signal_connector and last_value >= $signal_connector
      and last_period = period - case grain when 'month' then interval 1 month else interval 3 month end as lasts
  from told
), once as (
  select *, bool_or(lasts) over (
    partition by grain, boundary, unit, other_unit order by period rows between 6 preceding and 1 preceding) as was_told
  from lasting
)
select once.grain, once.period, once.channel, once.boundary, once.unit, once.other_unit,
  -- What hangs on it is a part of what the unit has, which is not always told.
  once.value * coalesce(own.value / nullif(whole.value, 0), 0) as score, once.value,
  last_value as before, name, cast(round(100 * once.value) as bigint) as percent,
  cast(round(once.value / nullif(once.expected, 0)) as bigint) as times
from once
left join metric_value as own on own.metric = 'interaction_volume' and own.measure = 'weight' and own.grain = once.grain
  and own.period = once.period and own.channel = once.channel and own.boundary = once.boundary
  and own.unit = once.unit and own.other_unit = '(all)'
left join metric_value as whole on whole.metric = 'interaction_volume' and whole.measure = 'weight' and whole.grain = once.grain
  and whole.period = once.period and whole.channel = once.channel and whole.boundary = once.boundary
  and whole.unit = '(all)' and whole.other_unit = '(all)'
where once.unit <> '(all)' and once.value >= 4 * once.expected
  and lasts and not coalesce(was_told, false)
