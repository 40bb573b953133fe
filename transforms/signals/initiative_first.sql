/*
title_en = "A first joint initiative"
title_nl = "Een eerste gezamenlijk initiatief"
sentence_en = "{unit} and {other_unit}: in {name} a joint initiative of their own with enough people to be told of, for the first time."
sentence_nl = "{unit} en {other_unit}: in {name} voor het eerst een eigen gezamenlijk initiatief met genoeg mensen om te tonen."
*/
with told as (
  select cell.*, calendar.name,
    row_number() over (
      partition by cell.grain, cell.boundary, cell.unit, cell.other_unit order by cell.period) as place
  from metric_value as cell
  join calendar on calendar.grain = cell.grain and calendar.period = cell.period
  where cell.metric = 'joint_initiatives' and cell.measure = 'alive' and cell.channel = '(all)'
    and cell.grain in ('month', 'quarter') and cell.other_unit <> '(all)' and cell.value > 0
)
select grain, period, channel, boundary, unit, other_unit, 0.0 as score, value, cast(null as double) as before, name
from told
-- In the first half year of the data everything is seen for the first time.
where place = 1 and period >= (select min(calendar.period) from calendar where calendar.grain = told.grain) + interval 180 day
