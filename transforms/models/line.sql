/* The line between two units, or within one, per period and channel.

Units in alphabetical order; a unit with itself is its inside. */
-- period: grain
with oriented as (
  select grain, period, idx, channel, boundary,
    least(unit_s, unit_t) as unit, greatest(unit_s, unit_t) as other_unit,
    case when unit_s <= unit_t then s else t end as person,
    case when unit_s <= unit_t then t else s end as other_person, w, h, last_day
  from unit_tie
), half as (
  select grain, period, idx, channel, boundary, unit, other_unit, person, 1 as is_first,
    case when unit = other_unit then 1 else 0 end as is_other, w as touched, w, h, 1 as ties, last_day
  from oriented
  union all
  select grain, period, idx, channel, boundary, unit, other_unit, other_person as person,
    case when unit = other_unit then 1 else 0 end as is_first, 1 as is_other, w as touched, 0.0 as w, 0.0 as h, 0 as ties, last_day
  from oriented
), carrier as (
  select grain, period, idx, channel, boundary, unit, other_unit, person, max(is_first) as is_first,
    max(is_other) as is_other, sum(touched) as touched, sum(w) as w, sum(h) as h, sum(ties) as ties,
    max(last_day) as last_day
  from half
  group by grain, period, idx, channel, boundary, unit, other_unit, person
)
select
  grain,                                         -- day, week, month or quarter
  period,                                        -- First day of the period
  idx,                                           -- Number of the period within its grain
  channel,                                       -- meeting, message, work or (all)
  boundary,                                      -- organisation, team, ...
  unit,                                          -- First unit
  other_unit,                                    -- Second unit
  sum(w) as w,                                   -- Weight
  sum(h) as h,                                   -- Hours together in meetings
  cast(sum(ties) as bigint) as ties,             -- Active ties
  cast(sum(is_first) as bigint) as people,       -- Distinct people of the first unit
  cast(sum(is_other) as bigint) as other_people, -- Distinct people of the second
  max(touched) / nullif(sum(w), 0) as top_share, -- Part of the weight that touches the most active person
  max(last_day) as last_day                      -- Last day with interaction
from carrier
group by grain, period, idx, channel, boundary, unit, other_unit
