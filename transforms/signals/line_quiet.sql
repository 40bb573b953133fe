/*
title_en = "A line went quiet"
title_nl = "Een lijn is stilgevallen"
sentence_en = "{unit} and {other_unit}: hardly any interaction since {last_day}. Before, this line carried {percent} % of what passes between units."
sentence_nl = "{unit} en {other_unit}: bijna geen interactie meer sinds {last_day}. Daarvoor droeg deze lijn {percent} % van wat er tussen eenheden gaat."
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
where state = 'quiet' and coalesce(state_before, '') not in ('quiet', 'lost') and stake >= $signal_stake
