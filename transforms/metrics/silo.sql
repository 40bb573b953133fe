/*
title_en = "Silo index"
title_nl = "Verzuilingsindex"
definition_en = "How much units keep to themselves. For the network: assortativity, 1 where all weight stays inside units, 0 where it runs as the activity of the units alone would give, below 0 where units seek each other out. For a unit: the part of its people's weight that stays inside, beside the part that chance would give in a network of this size. Unknown people are left out."
definition_nl = "In hoeverre eenheden op zichzelf blijven. Voor het netwerk: assortativiteit, 1 als alle gewicht binnen eenheden blijft, 0 als het loopt zoals alleen de drukte van de eenheden zou geven, onder 0 als eenheden elkaar juist opzoeken. Voor een eenheid: het deel van het gewicht van haar mensen dat binnen blijft, naast het deel dat toeval zou geven in een netwerk van deze omvang. Onbekenden tellen niet mee."
reading_en = "Units have work of their own, so 0 is no target. A rise over several quarters means that units turn inward. For a unit look at the distance from chance: of a small unit little can stay inside."
reading_nl = "Eenheden hebben eigen werk; 0 is dus geen doel. Een stijging over meer kwartalen wil zeggen dat eenheden zich naar binnen keren. Kijk bij een eenheid naar de afstand tot toeval: bij een kleine eenheid kan weinig binnen blijven."
example_en = "Of a weight of 100, 70 stays inside units where the activity of the units alone would give 40: (70 - 40) / (100 - 40) = 0.5."
example_nl = "Van een gewicht van 100 blijft 70 binnen eenheden, waar alleen de drukte van de eenheden 40 zou geven: (70 - 40) / (100 - 40) = 0,5."
question = "crossing"
grains = ["week", "month", "quarter"]
told_of = ["network", "unit"]
boundary = "any"
direction = "down"
reference = "Newman 2003, mixing patterns; Coleman 1958"

[measures.assortativity]
title_en = "Assortativity"
title_nl = "Assortativiteit"
unit = "index"
range = "-1 to 1"
told_of = ["network"]
formula_en = "(weight inside units - what chance would give) / (all weight - what chance would give)"
formula_nl = "(gewicht binnen eenheden - wat toeval zou geven) / (alle gewicht - wat toeval zou geven)"

[measures.homophily]
title_en = "Weight that stays inside the unit"
title_nl = "Gewicht dat binnen de eenheid blijft"
unit = "ratio"
range = "0 to 1"
told_of = ["unit"]
formula_en = "weight of the unit's people that stays inside / all their weight"
formula_nl = "gewicht van de mensen van de eenheid dat binnen blijft / al hun gewicht"
*/
-- period: grain
with mixing as (
  select grain, period, channel, boundary, unit, other_unit, w
  from line
  -- One day mixes too few people to speak of silos.
  where grain <> 'day' and unit <> '(unknown)' and other_unit <> '(unknown)'
), ends as (
  -- Each tie has two ends: one inside a unit has both of them there.
  select grain, period, channel, boundary, unit, w, case when unit = other_unit and unit <> '(other)' then w else 0 end as inside from mixing
  union all
  select grain, period, channel, boundary, other_unit as unit, w, case when unit = other_unit and unit <> '(other)' then w else 0 end as inside from mixing
), own as (
  select grain, period, channel, boundary, unit, sum(w) as w, sum(inside) as inside
  from ends
  group by grain, period, channel, boundary, unit
), touched as (
  select grain, period, channel, boundary, unit_s as unit, s as person_id, w from unit_tie
  where grain <> 'day' and unit_s <> '(unknown)' and unit_t <> '(unknown)'
  union all
  select grain, period, channel, boundary, unit_t as unit, t as person_id, w from unit_tie
  where grain <> 'day' and unit_s <> '(unknown)' and unit_t <> '(unknown)'
), person as (
  select grain, period, channel, boundary, unit, person_id, sum(w) as w
  from touched
  group by grain, period, channel, boundary, unit, person_id
), apart as (
  -- (other) is as many units as it has people.
  select grain, period, channel, boundary, w, inside from own where unit <> '(other)'
  union all
  select grain, period, channel, boundary, w, 0.0 as inside from person where unit = '(other)'
), whole as (
  select grain, period, channel, boundary, sum(w) as w, sum(inside) as inside, sum(w * w) as w2, count(*) as units
  from apart
  group by grain, period, channel, boundary
), carrier as (
  select grain, period, channel, boundary, person_id, sum(w) as w
  from person
  group by grain, period, channel, boundary, person_id
), people as (
  select grain, period, channel, boundary, unit, count(*) as people, max(w) as top
  from person
  group by grain, period, channel, boundary, unit
  union all
  select grain, period, channel, boundary, '(all)' as unit, count(*) as people, 2 * max(w) as top
  from carrier
  group by grain, period, channel, boundary
), total as (
  select grain, period, boundary, sum(people) as people from frame group by grain, period, boundary
), mixed as (
  select grain, period, channel, boundary, w, inside / nullif(w, 0) - w2 / nullif(w * w, 0) as q,
    case when units > 1 then 1 - w2 / nullif(w * w, 0) end as most
  from whole
)
select 'assortativity' as measure, m.grain, m.period, m.channel, m.boundary, '(all)' as unit,
  '(all)' as other_unit, m.q / m.most as value, m.q as numerator, m.most as denominator, p.people,
  p.top / nullif(m.w, 0) as top_share, cast(null as double) as expected
from mixed m
join people p on p.grain = m.grain and p.period = m.period and p.channel = m.channel
  and p.boundary = m.boundary and p.unit = '(all)'
union all
select 'homophily', o.grain, o.period, o.channel, o.boundary, o.unit, '(all)', o.inside / nullif(o.w, 0),
  o.inside, nullif(o.w, 0), p.people, p.top / nullif(o.w, 0),
  (f.people - 1.0) / nullif(t.people - 1, 0)
from own o
join people p on p.grain = o.grain and p.period = o.period and p.channel = o.channel
  and p.boundary = o.boundary and p.unit = o.unit
-- A unit of one has nobody to keep to, nor has one of them in (other).
join frame f on f.grain = o.grain and f.period = o.period and f.boundary = o.boundary and f.unit = o.unit
  and f.people > 1 and f.unit <> '(other)'
join total t on t.grain = o.grain and t.period = o.period and t.boundary = o.boundary
