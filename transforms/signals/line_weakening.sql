/*
title_en = "A line is weakening"
title_nl = "Een lijn wordt zwakker"
sentence_en = "{unit} and {other_unit}: interaction is down to {ratio_percent} % of what it was, over the last three periods up to {name}."
sentence_nl = "{unit} en {other_unit}: de interactie is terug naar {ratio_percent} % van wat die was, over de laatste drie perioden tot en met {name}."
untold_en = "{unit} and {other_unit}: interaction is getting less, over the last three periods up to {name}. By how much is hidden, to protect another number."
untold_nl = "{unit} en {other_unit}: de interactie wordt minder, over de laatste drie perioden tot en met {name}. Hoeveel blijft verborgen, om een ander getal te beschermen."
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
where state = 'weakening' and state_before <> 'weakening' and stake >= $signal_stake
