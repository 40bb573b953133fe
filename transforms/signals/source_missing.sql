/*
title_en = "A source stopped delivering"
title_nl = "Een bron levert niet meer"
sentence_en = "{source} ({partner}) delivered {percent} % of what it usually does in {name}. Do not read this as less collaboration; ask for the export."
sentence_nl = "{source} ({partner}) leverde in {name} {percent} % van wat gebruikelijk is. Lees dit niet als minder samenwerking; vraag om de export."
*/
with told as (
  select delivery.*, calendar.name,
    lag(is_missing) over (partition by delivery.grain, source order by delivery.period) as was_missing
  from delivery
  join calendar on calendar.grain = delivery.grain and calendar.period = delivery.period
  where channel = '(all)' and calendar.completeness = 1
)
select grain, period, channel, '(all)' as boundary, '(all)' as unit, '(all)' as other_unit,
  1 - coalesce(share, 0) as score, share as value, cast(null as double) as before, name,
  source, partner, cast(round(100 * coalesce(share, 0)) as bigint) as percent
from told
where is_missing and not coalesce(was_missing, false) and grain in ('month', 'quarter')
