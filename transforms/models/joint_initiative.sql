/* Joint initiatives: series and work items in which several units met; they are born at the second time.

A row per day on which they met. */
-- period: day
-- lookback: all
with met as (
  select day, channel, boundary, container, max(events) as events
  from joint_day
  where day >= $first_period
  group by day, channel, boundary, container
), active as (
  select distinct channel, boundary, container from met
), past as (
  -- Two are enough, and two days are two at least.
  select d.channel, d.boundary, d.container, case when min(d.day) < max(d.day) then 2 else max(d.events) end as events
  from joint_day d
  join active a on a.channel = d.channel and a.boundary = d.boundary and a.container = d.container
  where d.day < $first_period
  group by d.channel, d.boundary, d.container
), counted as (
  select m.*, coalesce(p.events, 0) + sum(m.events) over (
    partition by m.channel, m.boundary, m.container order by m.day
    rows between unbounded preceding and current row
  ) as so_far
  from met m
  left join past p on p.channel = m.channel and p.boundary = m.boundary and p.container = m.container
)
select
  day,                                             -- Day in the network's time zone
  channel,                                         -- meeting or work
  boundary,                                        -- organisation, team, ...
  container,                                       -- The series or work item
  so_far >= 2 as is_born,                          -- Several units have met in it twice by now
  so_far >= 2 and so_far - events < 2 as is_birth  -- The second time was on this day
from counted
