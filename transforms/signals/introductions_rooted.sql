/*
title_en = "Introductions took root"
title_nl = "Introducties kregen vervolg"
sentence_en = "{who}: of those whom others introduced to each other in {name}, {count} pairs went on without them."
sentence_nl = "{who}: van wie in {name} door anderen aan elkaar zijn voorgesteld, gingen {count} paren zelf verder."
*/
with told as (
  select cell.*, calendar.name, trend.previous, trend.rolling_median, trend.robust_z, trend.completeness,
    row_number() over one as place, lag(cell.value) over one as last_value
  from metric_value as cell
  join trend using (metric, measure, grain, period, channel, boundary, unit, other_unit)
  join calendar on calendar.grain = cell.grain and calendar.period = cell.period
  where cell.metric = 'introductions' and cell.measure = 'converted' and cell.channel = '(all)'
    and cell.grain in ('month', 'quarter') and cell.hidden_reason is null and trend.completeness >= $complete_enough
  window one as (
    partition by cell.grain, cell.boundary, cell.unit, cell.other_unit order by cell.period)
)
select grain, period, channel, boundary, unit, other_unit, 0.0 as score, value, last_value as before, name,
  case when unit = '(all)' then network when other_unit = '(all)' then unit else unit || ' – ' || other_unit end as who,
  cast(round(value) as bigint) as count
from told cross join (select network from publication)
where value >= $signal_introductions
