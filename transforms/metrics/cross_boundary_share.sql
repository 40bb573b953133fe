/*
title_en = "Cross-boundary share"
title_nl = "Aandeel over grenzen heen"
definition_en = "Part of the weight that runs between different units; for a unit, part of its own weight that leaves it. Ties with unknown people are left out of it and shown as unknown share."
definition_nl = "Deel van het gewicht dat tussen verschillende eenheden loopt; voor een eenheid het deel van haar gewicht dat haar verlaat. Verbindingen met onbekenden tellen hierin niet mee en staan apart als aandeel onbekend."
reading_en = "It depends on how many units there are and how large: with many small ones more crosses by itself. Compare it with its own past, or look at the E-I index beside its chance level. Units have work of their own, so 1 is no target. A high unknown share says that the directory is not complete: do not trust the share then."
reading_nl = "Het hangt af van hoeveel eenheden er zijn en hoe groot: bij veel kleine gaat er vanzelf meer over een grens. Vergelijk het met het eigen verleden, of kijk naar de E-I-index naast wat toeval zou geven. Eenheden hebben eigen werk; 1 is dus geen doel. Een hoog aandeel onbekend zegt dat de personenlijst niet volledig is: vertrouw het aandeel dan niet."
example_en = "Of a weight of 200, 80 runs between units and 120 stays inside them: 80 / 200 = 0.4."
example_nl = "Van een gewicht van 200 loopt 80 tussen eenheden en blijft 120 erbinnen: 80 / 200 = 0,4."
question = "crossing"
grains = ["day", "week", "month", "quarter"]
told_of = ["network", "unit"]
boundary = "any"
direction = "up"
reference = "Krackhardt & Stern 1988"

[measures.share]
title_en = "Cross-boundary share"
title_nl = "Aandeel over grenzen heen"
unit = "ratio"
range = "0 to 1"
formula_en = "weight between people of different units / all weight between people whose unit is known"
formula_nl = "gewicht tussen mensen van verschillende eenheden / alle gewicht tussen mensen van wie de eenheid bekend is"

[measures.unknown_share]
title_en = "Share of the weight that touches unknown people"
title_nl = "Aandeel van het gewicht met onbekenden"
unit = "ratio"
range = "0 to 1"
formula_en = "weight of ties with people whose unit is unknown / all weight"
formula_nl = "gewicht van verbindingen met mensen van wie de eenheid onbekend is / alle gewicht"
direction = "down"
*/
-- period: grain
with sides as (
  select grain, period, channel, boundary, unit, other_unit, w from line
  union all
  select grain, period, channel, boundary, other_unit as unit, unit as other_unit, w
  from line where unit <> other_unit
  union all
  select grain, period, channel, boundary, '(all)' as unit,
    case when unit = '(unknown)' or other_unit = '(unknown)' then '(unknown)'
      when unit = other_unit and unit <> '(other)' then '(all)' else other_unit end as other_unit, w
  from line
), total as (
  select grain, period, channel, boundary, unit,
    sum(case when other_unit <> '(unknown)' and (unit <> other_unit or unit = '(other)') then w else 0 end) as across,
    sum(case when other_unit <> '(unknown)' then w else 0 end) as known,
    sum(case when other_unit = '(unknown)' then w else 0 end) as unknown,
    sum(w) as w
  from sides
  where unit <> '(unknown)'
  group by grain, period, channel, boundary, unit
), touched as (
  select grain, period, channel, boundary, unit_s as unit, s as person_id, w from unit_tie
  union all
  select grain, period, channel, boundary, unit_t as unit, t as person_id, w from unit_tie
), person as (
  select grain, period, channel, boundary, unit, person_id, sum(w) as w
  from touched
  group by grain, period, channel, boundary, unit, person_id
), people as (
  select grain, period, channel, boundary, unit, count(*) as people, max(w) / nullif(sum(w), 0) as top_share
  from person
  group by grain, period, channel, boundary, unit
  union all
  select grain, period, channel, boundary, '(all)' as unit, count(*) as people,
    2 * max(w) / nullif(sum(w), 0) as top_share
  from (
    select grain, period, channel, boundary, person_id, sum(w) as w from person
    group by grain, period, channel, boundary, person_id
  ) p
  group by grain, period, channel, boundary
)
select 'share' as measure, t.grain, t.period, t.channel, t.boundary, t.unit, '(all)' as other_unit,
  t.across / nullif(t.known, 0) as value, t.across as numerator, nullif(t.known, 0) as denominator,
  p.people, p.top_share
from total t
join people p on p.grain = t.grain and p.period = t.period and p.channel = t.channel
  and p.boundary = t.boundary and p.unit = t.unit
union all
select 'unknown_share', t.grain, t.period, t.channel, t.boundary, t.unit, '(all)',
  t.unknown / nullif(t.w, 0), t.unknown, nullif(t.w, 0), p.people, p.top_share
from total t
join people p on p.grain = t.grain and p.period = t.period and p.channel = t.channel
  and p.boundary = t.boundary and p.unit = t.unit
