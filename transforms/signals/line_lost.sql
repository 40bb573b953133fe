/*
title_en = "A line is lost"
title_nl = "Een lijn is verloren"
sentence_en = "{unit} and {other_unit}: no interaction worth the name for half a year or longer, since {last_day}."
sentence_nl = "{unit} en {other_unit}: al een half jaar of langer geen interactie van betekenis, sinds {last_day}."
*/
with told as (
  select line.*, calendar.name,
    lag(state) over one as state_before,
    base / nullif(sum(base) over (partition by line.grain, line.period, boundary), 0) as stake
  from line
  join calendar on calendar.grain = line.grain and calendar.period = line.period
  where channel = '(all)' and line.grain in ('month', 'quarter')
  window one as (partition by line.grain, boundary, unit, other_unit order by line.period)
)
select grain, period, channel, boundary, unit, other_unit, coalesce(stake, 0) as score, weight as value,
  base as before, name, last_day, cast(round(100 * stake) as bigint) as percent, cast(round(100 * ratio) as bigint) as ratio_percent
from told
where state = 'lost' and state_before = 'quiet'
