/*
title_en = "Boundary-pair coverage"
title_nl = "Dekking van de lijnen"
definition_en = "Part of all possible lines between units on which there was any interaction."
definition_nl = "Deel van alle mogelijke lijnen tussen eenheden waarop enige interactie was."
boundary = "any"
direction = "up"
reference = "Krackhardt & Stern 1988: ties between units; counted per pair"

[measures.coverage]
title_en = "Lines in use"
title_nl = "Lijnen in gebruik"
unit = "ratio"

[measures.lines]
title_en = "Number of lines in use"
title_nl = "Aantal lijnen in gebruik"
unit = "lines"
*/
-- period: grain
with unit_count as (
  select grain, period, boundary, count(*) as units from frame group by grain, period, boundary
), used as (
  select grain, period, channel, boundary, count(*) as lines
  from line
  where unit <> other_unit and unit <> '(unknown)' and other_unit <> '(unknown)'
  group by grain, period, channel, boundary
), active as (
  select grain, period, channel, boundary, count(distinct person_id) as people
  from presence
  group by grain, period, channel, boundary
), covered as (
  select a.grain, a.period, a.channel, a.boundary, coalesce(u.lines, 0) as lines,
    g.units * (g.units - 1) / 2.0 as possible, a.people
  from active a
  join unit_count g using (grain, period, boundary)
  left join used u using (grain, period, channel, boundary)
)
select 'coverage' as measure, grain, period, channel, boundary, '(all)' as unit, '(all)' as other_unit,
  lines / nullif(possible, 0) as value, lines as numerator, nullif(possible, 0) as denominator, people
from covered
union all
select 'lines', grain, period, channel, boundary, '(all)', '(all)', lines, null, null, people
from covered
