/*
title_en = "Joint initiatives"
title_nl = "Gezamenlijke initiatieven"
definition_en = "Series of meetings and work items in which people of several units take part together. Such an initiative is born the second time that this happens, and alive in a period in which it happens; what was alive in the period before and is not now has ended, or rests. A unit's initiatives are those in which its people took part beside others; a line's are those in which both of its units met."
definition_nl = "Reeksen van overleggen en werkitems waaraan mensen van verschillende eenheden samen deelnemen. Zo'n initiatief ontstaat de tweede keer dat dit gebeurt, en leeft in een periode waarin het gebeurt; wat in de vorige periode leefde en nu niet, is beëindigd of rust. De initiatieven van een eenheid zijn die waaraan haar mensen naast anderen deelnamen; die van een lijn zijn die waarin haar beide eenheden elkaar troffen."
reading_en = "Only what leaves a trace counts: a series in calendars or an item in a tool that people of several units share. An initiative that ends can have succeeded, so look at what is born beside it. In holidays much rests."
reading_nl = "Alleen wat een spoor nalaat telt: een reeks in agenda's of een werkitem dat mensen van meer eenheden delen. Een initiatief dat eindigt kan geslaagd zijn; kijk dus ook naar wat er ontstaat. In vakanties rust er veel."
example_en = "In the first quarter 8 initiatives were alive. In the second 6 of them still are and 3 are born: survival 6 / 8 = 0.75, alive 6 + 3 = 9, ended 8 - 6 = 2."
example_nl = "In het eerste kwartaal leefden er 8 initiatieven. In het tweede leven er daarvan nog 6 en ontstaan er 3: voortleven 6 / 8 = 0,75, levend 6 + 3 = 9, beëindigd 8 - 6 = 2."
question = "arises"
grains = ["month", "quarter"]
told_of = ["network", "unit", "line"]
boundary = "any"
direction = "up"
reference = "Obstfeld 2012, creative projects"

[measures.alive]
title_en = "Initiatives alive"
title_nl = "Levende initiatieven"
unit = "initiatives"
range = ">= 0"
formula_en = "number of joint initiatives in which people of several units took part in the period"
formula_nl = "aantal gezamenlijke initiatieven waaraan in de periode mensen van meer eenheden deelnamen"

[measures.started]
title_en = "Initiatives born"
title_nl = "Ontstane initiatieven"
unit = "initiatives"
range = ">= 0"
formula_en = "number of those in which they did so for the second time in the period"
formula_nl = "aantal daarvan waarin zij dat in de periode voor de tweede keer deden"

[measures.ended]
title_en = "Initiatives that ended or rest"
title_nl = "Initiatieven die eindigden of rusten"
unit = "initiatives"
range = ">= 0"
formula_en = "number that was alive in the period before and is not in this one"
formula_nl = "aantal dat in de vorige periode leefde en in deze niet"
direction = "down"

[measures.survival]
title_en = "Part of the initiatives that lives on"
title_nl = "Deel van de initiatieven dat voortleeft"
unit = "ratio"
range = "0 to 1"
formula_en = "alive in this period and in the one before / alive in the one before"
formula_nl = "levend in deze en de vorige periode / levend in de vorige"
*/
-- period: grain
-- lookback: 1
with living as (
  -- A series that meets every fortnight would end every other week, so the finest period is the month.
  select c.grain, c.period, c.idx, i.channel, i.boundary, i.container,
    max(case when i.is_birth then 1 else 0 end) as is_new
  from calendar c
  join joint_initiative i on i.day = c.day
  where c.grain in ('month', 'quarter')
  group by c.grain, c.period, c.idx, i.channel, i.boundary, i.container
  having max(case when i.is_born then 1 else 0 end) = 1
), seat as (
  -- Work on one item is an event a day.
  select distinct l.grain, l.period, l.idx, l.channel, l.boundary, l.container, l.is_new, s.day, s.event_id, s.unit, s.person_id
  from joint_seat s
  join calendar c on c.day = s.day
  join living l on l.grain = c.grain and l.period = c.period and l.channel = s.channel and l.boundary = s.boundary
    and l.container = s.container
), taking_part as (
  select distinct grain, period, idx, channel, boundary, '(all)' as unit, '(all)' as other_unit, container, is_new,
    person_id, 1 as is_first, 0 as is_other
  from seat
  union all
  select distinct grain, period, idx, channel, boundary, unit, '(all)' as other_unit, container, is_new,
    person_id, 1 as is_first, 0 as is_other
  from seat
  union all
  select distinct a.grain, a.period, a.idx, a.channel, a.boundary, least(a.unit, b.unit) as unit,
    greatest(a.unit, b.unit) as other_unit, a.container, a.is_new, a.person_id,
    case when a.unit < b.unit then 1 else 0 end as is_first, case when a.unit < b.unit then 0 else 1 end as is_other
  from seat a
  join seat b on b.grain = a.grain and b.period = a.period and b.channel = a.channel and b.boundary = a.boundary
    and b.container = a.container and b.day = a.day and b.event_id = a.event_id and b.unit <> a.unit
), taken_up as (
  select distinct grain, period, idx, channel, boundary, unit, other_unit, container, is_new
  from taking_part
), step as (
  select distinct grain, period, idx from calendar
), fate as (
  select grain, period, channel, boundary, unit, other_unit, 1 as alive, is_new, 0 as kept, 0 as before
  from taken_up
  union all
  select n.grain, n.period, p.channel, p.boundary, p.unit, p.other_unit, 0 as alive, 0 as is_new,
    case when k.container is null then 0 else 1 end as kept, 1 as before
  from taken_up p
  join step n on n.grain = p.grain and n.idx = p.idx + 1
  left join taken_up k on k.grain = n.grain and k.period = n.period and k.channel = p.channel and k.boundary = p.boundary
    and k.unit = p.unit and k.other_unit = p.other_unit and k.container = p.container
), counted as (
  select f.grain, f.period, v.channel, f.boundary, f.unit, f.other_unit, sum(f.alive) as alive, sum(f.is_new) as started,
    sum(f.kept) as kept, sum(f.before) as before
  from fate f
  join scope v on v.covers = f.channel
  group by f.grain, f.period, v.channel, f.boundary, f.unit, f.other_unit
), person as (
  select distinct grain, idx, channel, boundary, unit, other_unit, person_id, is_first, is_other from taking_part
), around as (
  -- Those of this period and of the one before: both can be told from what ended.
  select grain, idx, channel, boundary, unit, other_unit, person_id, is_first, is_other from person
  union all
  select grain, idx + 1, channel, boundary, unit, other_unit, person_id, is_first, is_other from person
), people as (
  select n.grain, n.period, v.channel, a.boundary, a.unit, a.other_unit,
    count(distinct case when a.is_first = 1 then a.person_id end) as people,
    case when a.other_unit <> '(all)' then count(distinct case when a.is_other = 1 then a.person_id end) end as other_people
  from around a
  join step n on n.grain = a.grain and n.idx = a.idx
  join scope v on v.covers = a.channel
  group by n.grain, n.period, v.channel, a.boundary, a.unit, a.other_unit
), wide as (
  select c.*, p.people, p.other_people
  from counted c
  join people p using (grain, period, channel, boundary, unit, other_unit)
)
select 'alive' as measure, grain, period, channel, boundary, unit, other_unit, alive as value,
  cast(null as bigint) as numerator, cast(null as bigint) as denominator, people, other_people from wide
union all
select 'started', grain, period, channel, boundary, unit, other_unit, started, null, null, people, other_people from wide
union all
select 'ended', grain, period, channel, boundary, unit, other_unit, before - kept, null, null, people, other_people
from wide
where before > 0
union all
select 'survival', grain, period, channel, boundary, unit, other_unit,
  kept * 1.0 / before, kept, before, people, other_people
from wide
where before > 0
