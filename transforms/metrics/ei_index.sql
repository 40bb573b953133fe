/*
title_en = "E-I index"
title_nl = "E-I-index"
definition_en = "Do people turn to other units, or keep to their own? -1: all weight stays inside units, +1: all of it runs between them. Because units differ in size, the value that chance alone would give (the same people spread over the units at random) and the distance from it in standard deviations stand beside it."
definition_nl = "Richten mensen zich op andere eenheden, of blijven zij bij de eigen? -1: alle gewicht blijft binnen eenheden, +1: alles loopt ertussen. Omdat eenheden in grootte verschillen, staan ernaast de waarde die alleen toeval zou geven (dezelfde mensen willekeurig over de eenheden verdeeld) en de afstand daartoe in standaarddeviaties."
formula_en = "(weight between units - weight inside units) / (both together)"
formula_nl = "(gewicht tussen eenheden - gewicht binnen eenheden) / (beide samen)"
reading_en = "Look at what chance would give before you look at the value. A z of more than 2 or less than -2 is more than chance explains. When units merge or split the value jumps, though nobody does anything else than before."
reading_nl = "Kijk eerst naar wat toeval zou geven, dan pas naar de waarde. Een z boven 2 of onder -2 is meer dan toeval verklaart. Als eenheden samengaan of splitsen springt de waarde, ook al doet niemand iets anders dan daarvoor."
example_en = "80 between units and 120 inside: (80 - 120) / (80 + 120) = -0.2. Where chance would give 0.6, people keep to their own unit far more than the sizes of the units explain."
example_nl = "80 tussen eenheden en 120 erbinnen: (80 - 120) / (80 + 120) = -0,2. Waar toeval 0,6 zou geven, houden mensen het veel meer bij de eigen eenheid dan de omvang van de eenheden verklaart."
question = "crossing"
grains = ["day", "week", "month", "quarter"]
told_of = ["network"]
boundary = "any"
direction = "up"
reference = "Krackhardt & Stern 1988; exact permutation moments"

[measures.index]
title_en = "E-I index"
title_nl = "E-I-index"
unit = "index"
range = "-1 to 1"
*/
-- period: grain
with known as (
  select * from unit_tie where unit_s <> '(unknown)' and unit_t <> '(unknown)'
), dyad as (
  select grain, period, channel, boundary, s, t, sum(w) as w,
    sum(case when unit_s <> unit_t or unit_s = '(other)' then w else 0 end) as outward
  from known
  group by grain, period, channel, boundary, s, t
), weight as (
  select grain, period, channel, boundary, sum(w) as w, sum(w * w) as w2, sum(outward) as outward
  from dyad
  group by grain, period, channel, boundary
), strength as (
  select grain, period, channel, boundary, person_id, sum(w) as strength
  from (
    select grain, period, channel, boundary, s as person_id, w from dyad
    union all
    select grain, period, channel, boundary, t as person_id, w from dyad
  ) half
  group by grain, period, channel, boundary, person_id
), strengths as (
  select grain, period, channel, boundary, sum(strength * strength) as s2,
    max(strength) as top, count(*) as people
  from strength
  group by grain, period, channel, boundary
), unit_size as (
  -- (other) is as many units as it has people.
  select grain, period, boundary, case when unit = '(other)' then people else 1 end as times,
    case when unit = '(other)' then 1 else people end as people
  from frame
), units as (
  select grain, period, boundary, cast(sum(times * people) as double) as n,
    cast(sum(times * people * (people - 1)) as double) as f2,
    cast(sum(times * power(people * (people - 1), 2)) as double) as f22,
    cast(sum(times * people * (people - 1.0) * (people - 2) * (people - 3)) as double) as f4
  from unit_size
  group by grain, period, boundary
), sized as (
  select grain, period, boundary,
    sum(f.times * cast(f.people as double) * (u.n - f.people) * (u.n - f.people - 1)) as spread
  from unit_size f
  join units u using (grain, period, boundary)
  group by grain, period, boundary
), chance as (
  select grain, period, boundary, n,
    1 - f2 / nullif(n * (n - 1), 0) as p,
    spread / nullif(n * (n - 1) * (n - 2), 0) as p3,
    1 - 2 * f2 / nullif(n * (n - 1), 0)
      + (f4 + f2 * f2 - f22) / nullif(n * (n - 1) * (n - 2) * (n - 3), 0) as p4
  from units
  join sized using (grain, period, boundary)
), moment as (
  select w.grain, w.period, w.channel, w.boundary, w.w, w.outward, c.p, s.people, s.top,
    case when c.n >= 4 then w.w2 * c.p * (1 - c.p) + (s.s2 - 2 * w.w2) * (c.p3 - c.p * c.p)
      + (w.w * w.w - w.w2 - (s.s2 - 2 * w.w2)) * (c.p4 - c.p * c.p) end as variance
  from weight w
  join strengths s using (grain, period, channel, boundary)
  left join chance c using (grain, period, boundary)
), scored as (
  select *, (2 * outward - w) / nullif(w, 0) as index,
    2 * p - 1 as expected,
    case when variance > 1e-12 * w * w then 2 * sqrt(variance) / nullif(w, 0) end as sd
  from moment
)
select 'index' as measure, grain, period, channel, boundary, '(all)' as unit, '(all)' as other_unit,
  index as value, 2 * outward - w as numerator, nullif(w, 0) as denominator, people,
  top / nullif(w, 0) as top_share,
  case when sd is not null then expected end as expected, (index - expected) / sd as z,
  -- These two pass over what is empty: without sd they would tell all there can be.
  case when sd is not null then greatest(-1, expected - 1.959963984540054 * sd) end as low,
  case when sd is not null then least(1, expected + 1.959963984540054 * sd) end as high
from scored
