/*
title_en = "Leadership narrows"
title_nl = "Leiderschap versmalt"
sentence_en = "{who}: interaction in {name} is started by effectively {now} people, where it was {usual}."
sentence_nl = "{who}: de interactie in {name} wordt begonnen door in feite {now} mensen; dat waren er {usual}."
*/
with told as (
  select cell.*, calendar.name, trend.previous, trend.rolling_median, trend.robust_z, trend.completeness,
    row_number() over one as place, lag(cell.value) over one as last_value
  from metric_value as cell
  join trend using (metric, measure, grain, period, channel, boundary, unit, other_unit)
  join calendar on calendar.grain = cell.grain and calendar.period = cell.period
  where cell.metric = 'initiators' and cell.measure = 'effective' and cell.channel = '(all)'
    and cell.grain in ('month', 'quarter') and cell.hidden_reason is null and trend.completeness >= $complete_enough
  window one as (
    partition by cell.grain, cell.boundary, cell.unit, cell.other_unit order by cell.period)
)
select grain, period, channel, boundary, unit, other_unit,
  1 - value / rolling_median as score, value, rolling_median as before, name,
  network as who, cast(round(value) as bigint) as now, cast(round(rolling_median) as bigint) as usual
from told cross join (select network from publication)
where unit = '(all)' and value <= (1 - $signal_change) * rolling_median and robust_z <= -3.5
