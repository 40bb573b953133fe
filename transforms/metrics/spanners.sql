/*
title_en = "Boundary spanners"
title_nl = "Grensgangers"
definition_en = "Part of a unit's active people who have ties with at least two people (spanner_ties) of other units. The interval tells how sure that is with so few people: small units swing widely. Unknown people count on neither side."
definition_nl = "Deel van de actieve mensen van een eenheid met verbindingen met minstens twee mensen (spanner_ties) van andere eenheden. Het interval zegt hoe zeker dat is bij zo weinig mensen: kleine eenheden schommelen sterk. Onbekenden tellen aan geen van beide kanten mee."
boundary = "any"
direction = "up"
reference = "Tushman & Scanlan 1981; Wilson 1927"

[measures.share]
title_en = "Share of people who span boundaries"
title_nl = "Aandeel mensen dat grenzen overbrugt"
unit = "ratio"
counts = "people"
*/
-- period: grain
with outward as (
  select grain, period, channel, boundary, unit_s as unit, s as person_id, t as other_id
  from unit_tie
  -- Two outside ties in one day is one meeting.
  where grain <> 'day' and unit_s <> unit_t and unit_s <> '(unknown)' and unit_t <> '(unknown)'
  union all
  select grain, period, channel, boundary, unit_t as unit, t as person_id, s as other_id
  from unit_tie
  where grain <> 'day' and unit_s <> unit_t and unit_s <> '(unknown)' and unit_t <> '(unknown)'
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
