/* Which units met in which series or work item on a day: a row for each two of them.

Units in alphabetical order; (other) with itself where several of its people met. */
-- period: day
with present as (
  select day, channel, boundary, container, event_id, unit, count(distinct person_id) as people
  from joint_seat
  group by day, channel, boundary, container, event_id, unit
), counted as (
  select day, channel, boundary, container, count(distinct event_id) as events
  from present
  group by day, channel, boundary, container
), pair as (
  select distinct a.day, a.channel, a.boundary, a.container, a.unit, b.unit as other_unit
  from present a
  join present b on b.day = a.day and b.channel = a.channel and b.boundary = a.boundary
    and b.container = a.container and b.event_id = a.event_id
    and (b.unit > a.unit or (b.unit = a.unit and a.unit = '(other)' and a.people > 1))
)
select
  p.day,             -- Day in the network's time zone
  p.channel,         -- meeting or work
  p.boundary,        -- organisation, team, ...
  p.container,       -- The series or work item
  p.unit,            -- First unit
  p.other_unit,      -- Second unit
  c.events           -- Events of the container with several units on that day
from pair p
join counted c on c.day = p.day and c.channel = p.channel and c.boundary = p.boundary and c.container = p.container
