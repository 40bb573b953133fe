/* Joint initiatives: series and work items in which several units met; they are born at the second time.

A row per day on which they met. */
-- period: day
-- lookback: all
with met as (
  select day, channel, boundary, container, max(events) as events
  from joint_day
  group by day, channel, boundary, container
), counted as (
  select *, sum(events) over (
    partition by channel, boundary, container order by day
    rows between unbounded preceding and current row
  ) as so_far
  from met
)
select
  day,                                             -- Day in the network's time zone
  channel,                                         -- meeting or work
  boundary,                                        -- organisation, team, ...
  container,                                       -- The series or work item
  so_far >= 2 as is_born,                          -- Several units have met in it twice by now
  so_far >= 2 and so_far - events < 2 as is_birth  -- The second time was on this day
from counted
