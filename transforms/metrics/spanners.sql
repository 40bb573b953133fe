/*
title_en = "Boundary spanners"
title_nl = "Grensgangers"
definition_en = "Part of a unit's active people who have ties with at least two people (spanner_ties) of other units. The interval tells how sure that is with so few people: small units swing widely. Unknown people count on neither side."
definition_nl = "Deel van de actieve mensen van een eenheid met verbindingen met minstens twee mensen (spanner_ties) van andere eenheden. Het interval zegt hoe zeker dat is bij zo weinig mensen: kleine eenheden schommelen sterk. Onbekenden tellen aan geen van beide kanten mee."
formula_en = "people with ties to at least spanner_ties people of other units / active people"
formula_nl = "mensen met verbindingen met minstens spanner_ties mensen van andere eenheden / actieve mensen"
reading_en = "It need not be high: a few people can serve a unit well, if they are not alone. Small units swing widely, so look at the interval. It counts people and never says who they are."
reading_nl = "Het hoeft niet hoog te zijn: een paar mensen kunnen een eenheid goed dienen, als zij er niet alleen voor staan. Kleine eenheden schommelen sterk: kijk naar het interval. Het telt mensen en zegt nooit wie het zijn."
example_en = "Of the 12 active people of a unit 3 have ties with two or more people elsewhere: 3 / 12 = 0.25, with an interval from 0.09 to 0.53."
example_nl = "Van de 12 actieve mensen van een eenheid hebben er 3 verbindingen met twee of meer mensen elders: 3 / 12 = 0,25, met een interval van 0,09 tot 0,53."
question = "carriers"
grains = ["week", "month", "quarter"]
told_of = ["network", "unit"]
boundary = "any"
direction = "up"
reference = "Tushman & Scanlan 1981; Wilson 1927"

[measures.share]
title_en = "Share of people who span boundaries"
title_nl = "Aandeel mensen dat grenzen overbrugt"
unit = "ratio"
range = "0 to 1"
counts = "people"
*/
-- period: grain
with outward as (
  select grain, period, channel, boundary, unit_s as unit, s as person_id, t as other_id
  from unit_tie
  -- Two outside ties in one day is one meeting.
  where grain <> 'day' and (unit_s <> unit_t or unit_s = '(other)') and unit_s <> '(unknown)' and unit_t <> '(unknown)'
  union all
  select grain, period, channel, boundary, unit_t as unit, t as person_id, s as other_id
  from unit_tie
  where grain <> 'day' and (unit_s <> unit_t or unit_s = '(other)') and unit_s <> '(unknown)' and unit_t <> '(unknown)'
), reach as (
  select grain, period, channel, boundary, unit, person_id, count(distinct other_id) as ties
  from outward
  group by grain, period, channel, boundary, unit, person_id
  union all
  select grain, period, channel, boundary, '(all)' as unit, person_id, count(distinct other_id) as ties
  from outward
  group by grain, period, channel, boundary, person_id
), spanner as (
  select grain, period, channel, boundary, unit, count(*) as spanners
  from reach
  where ties >= $spanner_ties
  group by grain, period, channel, boundary, unit
), active as (
  select grain, period, channel, boundary, unit, count(*) as people
  from presence
  where grain <> 'day' and unit <> '(unknown)'
  group by grain, period, channel, boundary, unit
  union all
  select grain, period, channel, boundary, '(all)' as unit, count(distinct person_id) as people
  from presence
  where grain <> 'day' and unit <> '(unknown)'
  group by grain, period, channel, boundary
), shared as (
  select a.grain, a.period, a.channel, a.boundary, a.unit, a.people, coalesce(s.spanners, 0) as spanners,
    coalesce(s.spanners, 0) * 1.0 / a.people as share, 3.841458820694124 / a.people as z2n
  from active a
  left join spanner s on s.grain = a.grain and s.period = a.period and s.channel = a.channel
    and s.boundary = a.boundary and s.unit = a.unit
), wilson as (
  select *, (share + z2n / 2) / (1 + z2n) as middle,
    sqrt(z2n * (share * (1 - share) + z2n / 4)) / (1 + z2n) as reach
  from shared
)
select 'share' as measure, grain, period, channel, boundary, unit, '(all)' as other_unit, share as value,
  spanners as numerator, people as denominator, people,
  greatest(0, middle - reach) as low, least(1, middle + reach) as high
from wilson
