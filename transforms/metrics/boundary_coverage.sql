/*
title_en = "Boundary-pair coverage"
title_nl = "Dekking van de lijnen"
definition_en = "Part of all possible lines between units on which there was any interaction."
definition_nl = "Deel van alle mogelijke lijnen tussen eenheden waarop enige interactie was."
reading_en = "It tells that lines exist, not how strong they are: one message is enough. A longer period finds more lines, so compare months with months. Not every two units need a line."
reading_nl = "Het zegt dat lijnen er zijn, niet hoe sterk: één bericht is genoeg. Een langere periode vindt meer lijnen, dus vergelijk maanden met maanden. Niet elke twee eenheden hebben een lijn nodig."
example_en = "Five units make 10 pairs. On 6 of them there was any interaction in March: 6 / 10 = 0.6."
example_nl = "Vijf eenheden vormen 10 paren. Op 6 daarvan was er in maart enige interactie: 6 / 10 = 0,6."
question = "crossing"
grains = ["day", "week", "month", "quarter"]
told_of = ["network"]
boundary = "any"
direction = "up"
reference = "Krackhardt & Stern 1988: ties between units; counted per pair"

[measures.coverage]
title_en = "Lines in use"
title_nl = "Lijnen in gebruik"
unit = "ratio"
range = "0 to 1"
formula_en = "pairs of units with any interaction / all pairs of units"
formula_nl = "paren van eenheden met enige interactie / alle paren van eenheden"

[measures.lines]
title_en = "Number of lines in use"
title_nl = "Aantal lijnen in gebruik"
unit = "lines"
range = ">= 0"
formula_en = "number of pairs of units with any interaction"
formula_nl = "aantal paren van eenheden met enige interactie"
*/
-- period: grain
with unit_count as (
  -- Those with people on the books at its end, and those that were active before everybody left.
  select grain, period, boundary, count(*) as units
  from (
    select grain, period, boundary, unit from frame
    union
    select grain, period, boundary, unit from presence where channel = '(all)'
  ) there
  where unit not in ('(unknown)', '(other)')
  group by grain, period, boundary
), used as (
  select grain, period, channel, boundary, count(*) as lines
  from line
  where unit <> other_unit and unit not in ('(unknown)', '(other)') and other_unit not in ('(unknown)', '(other)')
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
