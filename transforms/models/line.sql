/* The line between two units, or within one, per period and channel.

Units in alphabetical order; a unit with itself is its inside. */
-- period: grain
with interaction as (
  select grain, period, idx, channel, boundary, unit_s, unit_t, sum(w) as w, sum(h) as h, count(*) as ties,
    max(last_day) as last_day
  from unit_tie
  group by grain, period, idx, channel, boundary, unit_s, unit_t
), total as (
  select grain, period, idx, channel, boundary, least(unit_s, unit_t) as unit, greatest(unit_s, unit_t) as other_unit,
    sum(w) as w, sum(h) as h, sum(ties) as ties, max(last_day) as last_day
  from interaction
  group by grain, period, idx, channel, boundary, least(unit_s, unit_t), greatest(unit_s, unit_t)
), carrier as (
  select grain, period, channel, boundary, unit, other_unit, person, max(is_first) as is_first, max(is_other) as is_other,
    sum(w) as touched
  from (
    select grain, period, channel, boundary, least(unit_s, unit_t) as unit, greatest(unit_s, unit_t) as other_unit,
      s as person, case when unit_s <= unit_t then 1 else 0 end as is_first,
      case when unit_s >= unit_t then 1 else 0 end as is_other, w
    from unit_tie
    union all
    select grain, period, channel, boundary, least(unit_s, unit_t) as unit, greatest(unit_s, unit_t) as other_unit,
      t as person, case when unit_t <= unit_s then 1 else 0 end as is_first,
      case when unit_t >= unit_s then 1 else 0 end as is_other, w
    from unit_tie
  ) half
  group by grain, period, channel, boundary, unit, other_unit, person
), people as (
  select grain, period, channel, boundary, unit, other_unit, sum(is_first) as people, sum(is_other) as other_people,
    max(touched) as top
  from carrier
  group by grain, period, channel, boundary, unit, other_unit
)
select
  t.grain,                                         -- day, week, month or quarter
  t.period,                                        -- First day of the period
  t.idx,                                           -- Number of the period within its grain
  t.channel,                                       -- meeting, message, work or (all)
  t.boundary,                                      -- organisation, team, ...
  t.unit,                                          -- First unit
  t.other_unit,                                    -- Second unit
  t.w,                                             -- Weight
  t.h,                                             -- Hours together in meetings
  cast(t.ties as bigint) as ties,                  -- Active ties
  cast(p.people as bigint) as people,              -- Distinct people of the first unit
  cast(p.other_people as bigint) as other_people,  -- Distinct people of the second
  p.top / nullif(t.w, 0) as top_share,             -- Part of the weight that touches the most active person
  t.last_day                                       -- Last day with interaction
from total t
join people p using (grain, period, channel, boundary, unit, other_unit)
