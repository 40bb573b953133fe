/*
title_en = "Regularity"
title_nl = "Regelmaat"
definition_en = "Part of the weeks in which there was any interaction on the line between two units. A week belongs to the month and quarter in which it ends (on Sunday); weeks in which the whole network was silent, such as holidays, do not count. Few weeks say little: the interval tells how sure the part is. Lines that were silent throughout have no row."
definition_nl = "Deel van de weken waarin er enige interactie was op de lijn tussen twee eenheden. Een week hoort bij de maand en het kwartaal waarin zij eindigt (op zondag); weken waarin het hele netwerk stil was, zoals vakanties, tellen niet mee. Weinig weken zeggen weinig: het interval zegt hoe zeker het deel is. Lijnen die de hele tijd stil waren, hebben geen rij."
formula_en = "weeks with any interaction on the line / weeks in which the network was not silent"
formula_nl = "weken met enige interactie op de lijn / weken waarin het netwerk niet stil was"
reading_en = "It tells of rhythm, not of strength: one message a week gives 1. Not every line needs contact each week. In a month there are four weeks, so look at the interval, or at quarters."
reading_nl = "Het zegt iets over ritme, niet over sterkte: één bericht per week geeft 1. Niet elke lijn heeft wekelijks contact nodig. Een maand heeft vier weken: kijk dus naar het interval, of naar kwartalen."
example_en = "A quarter has 13 weeks, and in one of them the whole network was silent. The line was active in 9 of the other 12: 9 / 12 = 0.75."
example_nl = "Een kwartaal heeft 13 weken, en in één daarvan was het hele netwerk stil. De lijn was actief in 9 van de andere 12: 9 / 12 = 0,75."
question = "lively"
grains = ["month", "quarter"]
told_of = ["line"]
boundary = "any"
direction = "up"
reference = "Wilson 1927, the interval"

[measures.active_weeks]
title_en = "Share of weeks active"
title_nl = "Aandeel actieve weken"
unit = "ratio"
range = "0 to 1"
*/
-- period: grain
-- lookback: 1
with active as (
  -- Of shorter periods the share would be 0 or 1.
  select distinct c.grain, c.period, v.channel, d.boundary, d.unit, d.other_unit, c.day as week
  from active_line_day d
  join calendar c
    on c.grain in ('month', 'quarter') and c.day = cast(date_trunc('week', d.day) + interval 6 day as date)
  join scope v on v.covers = d.channel
), weeks as (
  select grain, period, channel, boundary, count(distinct week) as weeks
  from active
  group by grain, period, channel, boundary
), counted as (
  select grain, period, channel, boundary, unit, other_unit, count(*) as active
  from active
  where unit <> other_unit and unit not in ('(unknown)', '(other)') and other_unit not in ('(unknown)', '(other)')
  group by grain, period, channel, boundary, unit, other_unit
), shared as (
  -- A line of which the only week began and fell silent before the period has no people in it: hidden.
  select c.grain, c.period, c.channel, c.boundary, c.unit, c.other_unit, c.active, w.weeks,
    c.active * 1.0 / w.weeks as share, 3.841458820694124 / w.weeks as z2n,
    l.people, l.other_people, l.top_share
  from counted c
  join weeks w on w.grain = c.grain and w.period = c.period and w.channel = c.channel and w.boundary = c.boundary
  left join line l on l.grain = c.grain and l.period = c.period and l.channel = c.channel
    and l.boundary = c.boundary and l.unit = c.unit and l.other_unit = c.other_unit
), wilson as (
  select *, (share + z2n / 2) / (1 + z2n) as middle,
    sqrt(z2n * (share * (1 - share) + z2n / 4)) / (1 + z2n) as reach
  from shared
)
select 'active_weeks' as measure, grain, period, channel, boundary, unit, other_unit, share as value,
  active as numerator, weeks as denominator, people, other_people, top_share,
  greatest(0, middle - reach) as low, least(1, middle + reach) as high
from wilson
