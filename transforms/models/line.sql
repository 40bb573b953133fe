/* The line between two units, or within one, per period and channel.

Units in alphabetical order; a unit with itself is its inside. */
-- period: grain
with oriented as (
  select grain, period, idx, channel, boundary,
    least(unit_s, unit_t) as unit, greatest(unit_s, unit_t) as other_unit,
    case when unit_s <= unit_t then s else t end as person,
    case when unit_s <= unit_t then t else s end as other_person, w, h
  from unit_tie
), carried as (
  select grain, period, channel, boundary, unit, other_unit, person as carrier, w from oriented
  union all
  select grain, period, channel, boundary, unit, other_unit, other_person as carrier, w from oriented
), carrier as (
  select grain, period, channel, boundary, unit, other_unit, carrier, sum(w) as w
  from carried
  group by grain, period, channel, boundary, unit, other_unit, carrier
), top as (
  select grain, period, channel, boundary, unit, other_unit, max(w) as top_weight, count(*) as carriers
  from carrier
  group by grain, period, channel, boundary, unit, other_unit
), size as (
  select grain, period, idx, channel, boundary, unit, other_unit, sum(w) as w, sum(h) as h,
    count(*) as ties, count(distinct person) as people, count(distinct other_person) as other_people
  from oriented
  group by grain, period, idx, channel, boundary, unit, other_unit
)
select
  z.grain,                                         -- day, week, month or quarter
  z.period,                                        -- First day of the period
  z.idx,                                           -- Number of the period within its grain
  z.channel,                                       -- meeting, message, work or (all)
  z.boundary,                                      -- organisation, team, ...
  z.unit,                                          -- First unit
  z.other_unit,                                    -- Second unit
  z.w,                                             -- Weight
  z.h,                                             -- Hours together in meetings
  z.ties,                                          -- Active ties
  case when z.unit = z.other_unit then x.carriers else z.people end as people,             -- Distinct people of the first unit
  case when z.unit = z.other_unit then x.carriers else z.other_people end as other_people, -- Distinct people of the second
  x.top_weight / nullif(z.w, 0) as top_share       -- Part of the weight that touches the most active person
from size z
join top x on x.grain = z.grain and x.period = z.period and x.channel = z.channel
  and x.boundary = z.boundary and x.unit = z.unit and x.other_unit = z.other_unit
