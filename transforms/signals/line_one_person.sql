/*
title_en = "A line hangs on one person"
title_nl = "Een lijn hangt aan één persoon"
sentence_en = "{unit} and {other_unit}: one person takes part in {percent} % of their interaction in {name}. If that person leaves, so may the line."
sentence_nl = "{unit} en {other_unit}: één persoon neemt deel aan {percent} % van hun interactie in {name}. Vertrekt die, dan vertrekt misschien de lijn."
*/
with told as (
  select cell.*, calendar.name, trend.previous, trend.rolling_median, trend.robust_z, trend.completeness,
    row_number() over one as place, lag(cell.value) over one as last_value,
    lag(cell.period) over one as last_period
  from metric_value as cell
  join trend using (metric, measure, grain, period, channel, boundary, unit, other_unit)
  join calendar on calendar.grain = cell.grain and calendar.period = cell.period
  where cell.metric = 'line_dependence' and cell.measure = 'top' and cell.channel = '(all)'
    and cell.grain in ('month', 'quarter') and cell.hidden_reason is null and trend.completeness >= $complete_enough
  window one as (
    partition by cell.grain, cell.boundary, cell.unit, cell.other_unit order by cell.period)
), lasting as (
  select *,
    -- Told once, when it has lasted.
    value >= $signal_dependence and last_value >= $signal_dependence
      and last_period = period - case grain when 'month' then interval 1 month else interval 3 month end as lasts
  from told
), once as (
  select *, bool_or(lasts) over (
    partition by grain, boundary, unit, other_unit order by period rows between 6 preceding and 1 preceding) as was_told
  from lasting
)
select once.grain, once.period, once.channel, once.boundary, once.unit, once.other_unit,
  -- What hangs on it is a part of what the line has; where that is not told it counts as enough.
  coalesce(once.value * flow.value / nullif(coalesce(crossing.w,
    sum(flow.value) over (partition by once.grain, once.period, once.boundary)), 0), $signal_stake) as part,
  case when part > 1 then 1.0 else part end as score, once.value,
  last_value as before, name, cast(round(100 * once.value) as bigint) as percent
from once
left join metric_value as flow on flow.metric = 'flow' and flow.measure = 'weight' and flow.grain = once.grain
  and flow.period = once.period and flow.channel = once.channel and flow.boundary = once.boundary
  and flow.unit = once.unit and flow.other_unit = once.other_unit
left join crossing on crossing.grain = once.grain and crossing.period = once.period and crossing.boundary = once.boundary
qualify once.value >= 2 * once.expected
  and lasts and not coalesce(was_told, false) and score >= $signal_stake
