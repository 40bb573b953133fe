/*
title_en = "A unit is closed"
title_nl = "Een eenheid is opgeheven"
sentence_en = "{unit} has nobody on its books any more from {name} on: its lines end here or go on under another name. That is no loss of contact."
sentence_nl = "{unit} heeft vanaf {name} niemand meer op de lijst: de lijnen eindigen hier of gaan onder een andere naam verder. Dat is geen verlies van contact."
*/
with side as (
  select grain, period, channel, boundary, unit, state, base from line
  union all
  select grain, period, channel, boundary, other_unit as unit, state, base from line
), told as (
  select grain, period, channel, boundary, unit, bool_and(state = 'closed') as is_closed, sum(base) as base
  from side
  where channel = '(all)' and grain in ('month', 'quarter') and state is not null
  group by grain, period, channel, boundary, unit
), stepped as (
  select *, lag(is_closed) over (partition by grain, boundary, unit order by period) as was_closed from told
)
select grain, period, channel, boundary, unit, '(all)' as other_unit,
  coalesce(stepped.base / nullif(coalesce(crossing.base, shown.base), 0), 0) as part,
  case when part > 1 then 1.0 else part end as score,
  cast(null as double) as value, stepped.base as before, calendar.name
from stepped
join calendar using (grain, period)
left join crossing using (grain, period, boundary)
left join (
  select grain, period, boundary, sum(base) as base from line where channel = '(all)' group by grain, period, boundary
) as shown using (grain, period, boundary)
where is_closed and not was_closed
