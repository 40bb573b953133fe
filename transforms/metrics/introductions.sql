/*
title_en = "Introductions"
title_nl = "Introducties"
definition_en = "People of different units whom somebody brought together: an organiser, sender or author who had to do with both, in an event of few people, while the two had shared none in the last introduction_days. It took root when they met without that person within conversion_days; only introductions of which those days have passed are judged. A unit's own numbers are the introductions that its people made; a line's are those between its two units. Nobody is named or ranked. The interval beside the rate is Wilson's."
definition_nl = "Mensen van verschillende eenheden die door iemand bij elkaar werden gebracht: een organisator, afzender of auteur die met beiden te maken had, in een gebeurtenis met weinig mensen, terwijl de twee er in de laatste introduction_days geen deelden. Een introductie krijgt vervolg als zij elkaar binnen conversion_days zonder die persoon ontmoeten; alleen introducties waarvan die dagen voorbij zijn, worden beoordeeld. De getallen van een eenheid zijn de introducties die haar mensen tot stand brachten; die van een lijn zijn die tussen haar twee eenheden. Niemand wordt genoemd of gerangschikt. Het interval naast het aandeel is dat van Wilson."
reading_en = "Only what passes through calendars, mail and tools is seen, not the telephone or a reception. Before introduction_history days of data there are none. The last weeks are judged later, so their rate is still empty. Few introductions give a wide interval."
reading_nl = "Alleen wat via agenda's, mail en werkomgevingen gaat is te zien, niet de telefoon of een borrel. Vóór introduction_history dagen aan gegevens zijn er geen. De laatste weken worden later beoordeeld; hun aandeel is dus nog leeg. Weinig introducties geven een breed interval."
example_en = "Of 12 introductions that can be judged, 3 led to a meeting of the two by themselves: 3 / 12 = 0.25."
example_nl = "Van 12 introducties die te beoordelen zijn, leidden er 3 tot een ontmoeting van de twee zelf: 3 / 12 = 0,25."
question = "carriers"
grains = ["week", "month", "quarter"]
told_of = ["network", "unit", "line"]
boundary = "any"
direction = "up"
reference = "Obstfeld 2005, tertius iungens; Wilson 1927"

[measures.introductions]
title_en = "Introductions"
title_nl = "Introducties"
unit = "introductions"
range = ">= 0"
formula_en = "number of pairs of people of different units, strangers until then, whom a third one brought together"
formula_nl = "aantal paren van mensen van verschillende eenheden, tot dan toe vreemden, die een derde bij elkaar bracht"

[measures.converted]
title_en = "Introductions that took root"
title_nl = "Introducties die vervolg kregen"
unit = "introductions"
range = ">= 0"
formula_en = "number of those pairs who met without the third one within conversion_days"
formula_nl = "aantal van die paren die elkaar binnen conversion_days zonder de derde ontmoetten"

[measures.rate]
title_en = "Part of the introductions that took root"
title_nl = "Deel van de introducties dat vervolg kreeg"
unit = "ratio"
range = "0 to 1"
formula_en = "took root / introductions of which conversion_days have passed"
formula_nl = "met vervolg / introducties waarvan conversion_days voorbij zijn"
*/
-- period: grain
with across as (
  -- On one day there are too few to speak of.
  select c.grain, c.period, v.channel, b.boundary, i.day, i.introducer, i.s, i.t, i.is_mature, i.is_converted,
    least(m.unit, o.unit) as unit, greatest(m.unit, o.unit) as other_unit,
    case when m.unit < o.unit then i.s else i.t end as person,
    case when m.unit < o.unit then i.t else i.s end as other_person
  from calendar c
  join introduction i on i.day = c.day
  join scope v on v.covers = i.channel
  cross join boundary b
  join membership m
    on m.person_id = i.s and m.boundary = b.boundary and i.day between m.valid_from and m.valid_to
  join membership o
    on o.person_id = i.t and o.boundary = b.boundary and i.day between o.valid_from and o.valid_to
  where c.grain <> 'day' and (m.unit <> o.unit or m.unit = '(other)')
), made as (
  select distinct grain, period, channel, boundary, day, introducer, s, t, is_mature, is_converted
  from across
), counted_in as (
  select distinct grain, period, channel, boundary, unit, other_unit, day, introducer, s, t, is_mature,
    is_converted, person, other_person
  from across
  where unit <> other_unit
  union all
  select grain, period, channel, boundary, '(all)' as unit, '(all)' as other_unit, day, introducer, s, t,
    is_mature, is_converted, introducer as person, cast(null as bigint) as other_person
  from made
  union all
  select distinct i.grain, i.period, i.channel, i.boundary, coalesce(m.unit, '(unknown)') as unit,
    '(all)' as other_unit, i.day, i.introducer, i.s, i.t, i.is_mature, i.is_converted,
    i.introducer as person, cast(null as bigint) as other_person
  from made i
  left join membership m
    on m.person_id = i.introducer and m.boundary = i.boundary and i.day between m.valid_from and m.valid_to
), counted as (
  select grain, period, channel, boundary, unit, other_unit, count(*) as introductions,
    count(case when is_mature then 1 end) as mature,
    count(case when is_mature and is_converted then 1 end) as converted,
    count(distinct person) as people,
    case when other_unit <> '(all)' then count(distinct other_person) end as other_people
  from counted_in
  group by grain, period, channel, boundary, unit, other_unit
), top as (
  select grain, period, channel, boundary, unit, other_unit, max(n) * 1.0 / sum(n) as top_share
  from (
    select grain, period, channel, boundary, unit, other_unit, introducer, count(*) as n
    from counted_in
    group by grain, period, channel, boundary, unit, other_unit, introducer
  ) person
  group by grain, period, channel, boundary, unit, other_unit
), wide as (
  select c.*, t.top_share
  from counted c
  join top t using (grain, period, channel, boundary, unit, other_unit)
), judged as (
  select *, converted * 1.0 / mature as rate,
    (converted + 1.920729410347062) / (mature + 3.841458820694124) as centre,
    1.959963984540054 / (mature + 3.841458820694124)
      * sqrt(converted * 1.0 * (mature - converted) / mature + 0.960364705173531) as half
  from (select * from wide where mature > 0) told
)
select 'introductions' as measure, grain, period, channel, boundary, unit, other_unit,
  cast(introductions as double) as value, cast(null as double) as numerator, cast(null as double) as denominator,
  people, other_people, top_share, cast(null as double) as low, cast(null as double) as high
from wide
union all
select 'converted', grain, period, channel, boundary, unit, other_unit, converted, null, null,
  people, other_people, top_share, null, null
from judged
union all
select 'rate', grain, period, channel, boundary, unit, other_unit, rate, converted, mature,
  people, other_people, top_share, greatest(0, centre - half), least(1, centre + half)
from judged
union all
-- Introductions of which none can be judged yet.
select m.measure, grain, period, channel, boundary, unit, other_unit, null, null, null,
  people, other_people, top_share, null, null
from wide
cross join (select 'converted' as measure union all select 'rate' as measure) m
where mature = 0
